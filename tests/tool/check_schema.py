"""check_schema.py SCHEMA < document: fails unless the JSON document is as the schema says.

Knows the keywords that the schemas in docs/ use, and fails on any other. Where the module jsonschema is
installed, it is asked too."""
import json
import sys

TYPES = {'object': dict, 'array': list, 'string': str, 'boolean': bool, 'null': type(None)}
IGNORED = {'$schema', '$defs', '$id', 'title', 'description'}


def is_type(value, name):
    if name == 'integer':
        return isinstance(value, int) and not isinstance(value, bool)
    if name == 'number':
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    return isinstance(value, TYPES[name])


def check(value, schema, path, root):
    if '$ref' in schema:
        target = root
        for key in schema['$ref'].removeprefix('#/').split('/'):
            target = target[key]
        yield from check(value, target, path, root)
    for key, rule in schema.items():
        if key == 'type':
            if not any(is_type(value, name) for name in ([rule] if isinstance(rule, str) else rule)):
                yield f'{path}: {value!r} is not of type {rule}'
        elif key == 'enum':
            if value not in rule:
                yield f'{path}: {value!r} is none of {rule}'
        elif key == 'const':
            if value != rule:
                yield f'{path}: {value!r} is not {rule!r}'
        elif key == 'minimum':
            if is_type(value, 'number') and value < rule:
                yield f'{path}: {value} is below {rule}'
        elif key == 'required':
            if isinstance(value, dict):
                yield from (f'{path}: {name} is missing' for name in rule if name not in value)
        elif key == 'additionalProperties':
            if isinstance(value, dict) and rule is False:
                yield from (f'{path}: {name} is unknown' for name in value if name not in schema['properties'])
        elif key == 'properties':
            for name, inner in rule.items():
                if isinstance(value, dict) and name in value:
                    yield from check(value[name], inner, f'{path}.{name}', root)
        elif key == 'items':
            for index, item in enumerate(value if isinstance(value, list) else []):
                yield from check(item, rule, f'{path}[{index}]', root)
        elif key not in IGNORED and key != '$ref':
            yield f'{path}: the schema has a keyword that is not known here: {key}'


document = json.load(sys.stdin)
with open(sys.argv[1], encoding='utf-8') as file:
    rules = json.load(file)
wrong = list(check(document, rules, '$', rules))
try:
    import jsonschema
    wrong += [error.message for error in jsonschema.Draft202012Validator(rules).iter_errors(document)]
except ImportError:
    pass
print('\n'.join(wrong[:10]))
sys.exit(1 if wrong else 0)
