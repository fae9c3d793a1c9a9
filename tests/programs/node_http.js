// Fetches URL with http.get and writes it to standard output.
require('http').get(process.argv[2], (answer) => answer.pipe(process.stdout));
