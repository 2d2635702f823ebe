// Runs for some milliseconds inside a new network namespace (make-namespace.ts): listens on its loopback, hands the
// listening socket to the gateway, and ends when the gateway lets go. JavaScript, because stripping types would double its time.
import { createServer } from 'node:net'

const server = createServer()
server.on('error', (error) => process.send({ error: error.message }))
process.on('disconnect', () => process.exit())
server.listen(Number(process.argv[2]), '127.0.0.1', () => process.send({ pid: process.pid }, server))
