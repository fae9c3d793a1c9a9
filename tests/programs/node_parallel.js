// Prints how many milliseconds COUNT connects to HOST PORT take at once.
const net = require('net');

const [host, port, count] = process.argv.slice(2);
const began = performance.now();
const connected = () => new Promise((resolve, reject) => {
  net.connect({ host, port: Number(port) }, resolve).on('error', reject);
});

Promise.all(Array.from({ length: Number(count) }, connected)).then(() => {
  console.log(performance.now() - began);
  process.exit(0);
});
