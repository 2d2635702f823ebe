import { randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { rivalFile } from '../rivals/install.ts'
import type { Backend, BackendCommand } from './target.ts'

/** A fresh command line for a backend; its tag makes the processes of one start recognisable. */
export function backendCommand (backend: Backend): BackendCommand {
  const tag = `--tag=${randomBytes(6).toString('hex')}`
  const echo = fileURLToPath(new URL('../programs/echo-server.mjs', import.meta.url))
  const args = {
    echo: [echo, tag],
    'echo-reverse': [echo, '--reverse', tag],
    everything: [rivalFile('@modelcontextprotocol/server-everything/dist/index.js'), 'stdio', tag]
  }[backend]
  return { command: process.execPath, args, tag }
}
