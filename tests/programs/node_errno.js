// Connects to each HOST PORT of standard input at once and prints, in that order, "connected" or the error's code.
const net = require('net');
const fs = require('fs');

const code = (error) => error.code ?? error.errors?.[0]?.code;

const outcome = (line) => new Promise((resolve) => {
  const [host, port] = line.split(' ');
  const connection = net.connect({ host, port: Number(port), family: 4 });
  connection.on('connect', () => { resolve('connected'); connection.destroy(); });
  connection.on('error', (error) => resolve(code(error)));
});

const lines = fs.readFileSync(0, 'utf8').trim().split('\n');
Promise.all(lines.map(outcome)).then((names) => console.log(names.join('\n')));
