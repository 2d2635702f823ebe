import { randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { freePort, launchNode, untilListening } from '../machine/launch.ts'
import { rivalFile } from '../rivals/install.ts'
import type { Backend, BackendCommand, BackendServer, BackendUrl, Crossing } from './target.ts'

/** Makes the processes of one start recognisable. */
const freshTag = (): string => `--tag=${randomBytes(6).toString('hex')}`

const program = (name: string): string => fileURLToPath(new URL(`../programs/${name}`, import.meta.url))

/** A fresh command line for a stdio server. */
export function backendCommand (backend: Backend): BackendCommand {
  const tag = freshTag()
  const echo = program('echo-server.mjs')
  const args = {
    echo: [echo, tag],
    'echo-reverse': [echo, '--reverse', tag],
    everything: [rivalFile('@modelcontextprotocol/server-everything/dist/index.js'), 'stdio', tag]
  }[backend]
  return { command: process.execPath, args, tag }
}

/** The server for one start of a target: a command line of its own, or a running HTTP server of its own, so that its CPU time is told apart. */
export async function backendServer (crossing: Crossing, backend: Backend): Promise<BackendServer> {
  if (crossing === 'stdio' || crossing === 'stdio-modern' || crossing === 'plain') return backendCommand(backend)
  return await httpServer(crossing === 'http' ? 'legacy' : 'modern', backend)
}

async function httpServer (era: 'legacy' | 'modern', backend: Backend): Promise<BackendUrl> {
  const [tag, port] = [freshTag(), await freePort()]
  const process = launchNode([program('http-echo-server.mjs'), String(port), `--era=${era}`, ...(backend === 'echo-reverse' ? ['--reverse'] : []), tag], tag)
  await untilListening(process, port)
  return { origin: `http://127.0.0.1:${port}`, port, path: '/mcp', tag, process }
}

/** The command line. @throws for a target that was given the wrong kind of server. */
export function commandOf (server: BackendServer): BackendCommand {
  if ('command' in server) return server
  throw new Error('takes a command only')
}

/** The URL. @throws for a target that was given the wrong kind of server. */
export function urlOf (server: BackendServer): BackendUrl {
  if ('origin' in server) return server
  throw new Error('takes a URL only')
}
