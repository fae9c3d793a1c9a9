// Sends standard input to HOST PORT and writes the answer to standard output.
const net = require('net');
const fs = require('fs');

const [host, port] = process.argv.slice(2);
const connection = net.connect({ host, port: Number(port) }, () => connection.write(fs.readFileSync(0)));
connection.pipe(process.stdout);
