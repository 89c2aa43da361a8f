// Objects, buffers, workers, compression and a child process; prints what it found.
const crypto = require('crypto');
const zlib = require('zlib');
const { spawnSync } = require('child_process');
const { Worker, isMainThread, parentPort, workerData } = require('worker_threads');

function work(seed) {
  const map = new Map();
  let x = seed + 1;
  for (let i = 0; i < 200000; i++) {
    x = (x * 1103515245 + 12345) % 2147483648;
    map.set(x % 5000, 'v'.repeat(x % 100));
  }
  let total = 0;
  for (const value of map.values()) total += value.length;
  const buffers = [];
  for (let i = 0; i < 2000; i++) buffers.push(Buffer.alloc(i * 10, i % 256));
  return total + Buffer.concat(buffers).length;
}

if (!isMainThread) {
  parentPort.postMessage(work(workerData));
} else {
  const text = JSON.stringify([...Array(50000).keys()].map((i) => ({ i, name: 'n' + i })));
  const packed = zlib.gzipSync(text);
  console.log(text.length, zlib.gunzipSync(packed).toString() === text);
  console.log(crypto.createHash('sha256').update(text).digest('hex'));
  console.log(crypto.pbkdf2Sync('secret', 'salt', 10000, 32, 'sha512').toString('hex'));
  console.log(spawnSync('echo', ['done']).stdout.toString().trim());
  const results = [];
  for (let i = 0; i < 4; i++) {
    const worker = new Worker(__filename, { workerData: i });
    worker.on('message', (result) => {
      results[i] = result;
      if (Object.keys(results).length === 4) console.log(results);
    });
  }
}
