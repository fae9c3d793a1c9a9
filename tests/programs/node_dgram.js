// Datagrams to an echo service, of a connected socket and of one that is not.
const dgram = require('node:dgram');
const { lookup } = require('node:dns');
const { readFileSync } = require('node:fs');

const port = Number(process.argv[3]);
const line = readFileSync(0);

function loose(host, kind, done) {
  const socket = dgram.createSocket(kind);
  let missing = 20;
  socket.on('message', (data, from) => {
    if (data.toString() !== `number ${20 - missing}`) throw new Error(data);
    if (from.port !== port || from.address !== host) throw new Error(`${from.address}:${from.port}`);
    missing -= 1;
    if (missing === 0) socket.close(done);
  });
  for (let number = 0; number < 20; number++) socket.send(`number ${number}`, port, host);
}

function tied(host, kind) {
  const socket = dgram.createSocket(kind);
  socket.on('message', (data) => {
    process.stdout.write(data);
    socket.close();
  });
  socket.connect(port, host, () => socket.send(line));
}

// One look-up for all: those of several datagrams would overtake each other.
lookup(process.argv[2], (error, host, family) => {
  if (error) throw error;
  loose(host, `udp${family}`, () => tied(host, `udp${family}`));
});
