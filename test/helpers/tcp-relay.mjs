// A TCP relay in a process of its own, so that it can be stopped (SIGSTOP) or killed: what goes through it is then neither
// answered nor refused. Argument: the port on loopback to connect to. Writes its own port as the first line.
import { connect, createServer } from 'node:net'

const target = Number(process.argv[2])
const server = createServer((socket) => {
  const there = connect(target, '127.0.0.1')
  socket.pipe(there).pipe(socket)
  for (const [end, other] of [[socket, there], [there, socket]]) end.on('error', () => {}).on('close', () => other.destroy())
})
server.listen(0, '127.0.0.1', () => { console.log(server.address().port) })
