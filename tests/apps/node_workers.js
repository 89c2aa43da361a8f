// Workers that come and go, are ended amid work, and hand buffers to and fro; prints what it found.
const { Worker, isMainThread, parentPort, workerData } = require('worker_threads');
const zlib = require('zlib');

function fill(seed, bytes) {
  const buffer = new Uint8Array(bytes);
  for (let i = 0, x = seed + 1; i < bytes; i++) {
    x = (x * 1103515245 + 12345) % 2147483648;
    buffer[i] = x >> 16;
  }
  return buffer;
}

function sum(buffer) {
  let total = 0;
  for (const byte of buffer) total += byte;
  return total;
}

if (!isMainThread) {
  if (workerData.endless) {
    parentPort.postMessage('started');
    for (const kept = []; ; kept.length > 1000 && kept.splice(0)) kept.push(Buffer.alloc(3000, kept.length % 256));
  }
  const shared = new Int32Array(workerData.shared);
  parentPort.on('message', (buffer) => {
    const packed = zlib.deflateSync(buffer, { level: 1 });
    Atomics.add(shared, 0, sum(zlib.inflateSync(packed)));
    if (buffer.length > 200000) parentPort.close();
    parentPort.postMessage(buffer, [buffer.buffer]);
  });
}

function exchange(number, shared) {
  return new Promise((resolve, reject) => {
    const worker = new Worker(__filename, { workerData: { shared } });
    let total = 0;
    worker.on('error', reject);
    worker.on('exit', () => resolve(total));
    worker.on('message', (buffer) => {
      total += sum(buffer);
      if (buffer.length <= 200000) {
        const next = fill(number, buffer.length * 3);
        worker.postMessage(next, [next.buffer]);
      }
    });
    const first = fill(number, 1000 + number);
    worker.postMessage(first, [first.buffer]);
  });
}

function interrupt() {
  return new Promise((resolve) => {
    const worker = new Worker(__filename, { workerData: { endless: true } });
    worker.on('message', () => setTimeout(() => worker.terminate().then(resolve), 20));
  });
}

async function main() {
  const shared = new SharedArrayBuffer(4);
  for (let round = 0; round < 3; round++) {
    const totals = await Promise.all([...Array(6).keys()].map((i) => exchange(round * 10 + i, shared)));
    console.log(totals.join(' '), new Int32Array(shared)[0]);
    console.log((await Promise.all([interrupt(), interrupt(), interrupt()])).join(' '));
  }
}

if (isMainThread) main();
