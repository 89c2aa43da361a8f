"""check_openmetrics.py < text: fails unless it is OpenMetrics 1.0 as Prometheus reads it.

Checks the rules of the specification that concern gauges, counters and infos. Where the module
prometheus_client is installed, its parser is asked too."""
import re
import sys

NAME = r'[a-zA-Z_:][a-zA-Z0-9_:]*'
LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\n"])*"'
SAMPLE = re.compile(rf'({NAME})(?:\{{({LABEL}(?:,{LABEL})*)?\}})? (-?[0-9]+(?:\.[0-9]+)?(?:e[-+]?[0-9]+)?)$')
META = re.compile(rf'# (TYPE|UNIT|HELP) ({NAME}) (.*)$')
SUFFIX = {'gauge': '', 'counter': '_total', 'info': '_info'}

text = sys.stdin.read()
wrong = []
if not text.endswith('# EOF\n'):
    wrong.append('the text does not end with # EOF and a line end')
if text.count('# EOF') != 1 or '\r' in text or '\n\n' in text:
    wrong.append('more than one # EOF, a carriage return, or an empty line')

families, family, samples = {}, None, set()
for line in text.splitlines()[:-1]:
    meta = META.match(line)
    if meta:
        word, name, rest = meta.groups()
        if name != family:
            if name in families:
                wrong.append(f'{name}: its lines are not together')
            families[name] = {}
            family = name
        if word in families[name] or 'sampled' in families[name]:
            wrong.append(f'{name}: {word} comes twice, or behind a sample')
        families[name][word] = rest
        if word == 'TYPE' and rest not in SUFFIX:
            wrong.append(f'{name}: type {rest} is not expected')
        if word == 'UNIT' and not name.endswith('_' + rest):
            wrong.append(f'{name}: does not end in its unit {rest}')
        continue
    sample = SAMPLE.match(line)
    if not sample:
        wrong.append(f'no sample: {line}')
        continue
    name, labels, value = sample.groups()
    kind = families.get(family, {}).get('TYPE', '')
    if name != f'{family}{SUFFIX.get(kind, "?")}':
        wrong.append(f'{name}: a sample of {family}, which is a {kind}')
        continue
    if kind == 'counter' and float(value) < 0:
        wrong.append(f'{name}: a counter below 0')
    if (name, labels) in samples:
        wrong.append(f'{name}: the same labels twice')
    samples.add((name, labels))
    families[family]['sampled'] = True

wrong += [f'{name}: no TYPE' for name, lines in families.items() if 'TYPE' not in lines]
if not samples:
    wrong.append('there is no sample')
try:
    from prometheus_client.openmetrics.parser import text_string_to_metric_families
    try:
        list(text_string_to_metric_families(text))
    except ValueError as error:
        wrong.append(f'prometheus_client: {error}')
except ImportError:
    pass
print('\n'.join(wrong[:10]))
sys.exit(1 if wrong else 0)
