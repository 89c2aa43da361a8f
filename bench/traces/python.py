import ast, json, collections, re, glob, os
files = sorted(glob.glob('/usr/lib/python3.11/*.py'))[:14]
trees, words = {}, collections.Counter()
for name in files:
    text = open(name, encoding='utf-8', errors='replace').read()
    tree = ast.parse(text)
    trees[os.path.basename(name)] = sum(1 for _ in ast.walk(tree))
    words.update(re.findall(r'[A-Za-z_]+', text))
data = [{'id': i, 'word': w, 'count': c, 'tags': [w[:3], w[-3:]]} for i, (w, c) in enumerate(words.most_common(4000))]
text = json.dumps(data)
again = json.loads(text)
print(len(text), len(again), sum(trees.values()))
