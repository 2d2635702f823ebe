import { freePort, launch, launchNode, untilListening } from '../machine/launch.ts'
import { naiveProxyFile, rivalFile } from '../rivals/install.ts'
import { pythonProgram, rayProgram } from '../rivals/python.ts'
import { commandOf } from './backends.ts'
import type { BackendCommand, BackendServer, Started, Target } from './target.ts'

type ArgsFor = (port: number, backend: BackendCommand) => readonly string[]

function rival (target: Omit<Target, 'start' | 'users' | 'takes'> & Partial<Pick<Target, 'takes'>>, argsFor: ArgsFor, kind: 'mcp' | 'sse' = 'mcp'): Target {
  const start = async (server: BackendServer): Promise<Started> => {
    const [backend, port] = [commandOf(server), await freePort()]
    const process = launchNode(argsFor(port, backend), backend.tag)
    await untilListening(process, port)
    return { process, endpoint: { kind, port, path: `/${kind}`, credentials: [] } }
  }
  return { takes: ['stdio'], ...target, users: 0, start }
}

const mcpProxy = (...flags: string[]): ArgsFor => (port, { command, args }) =>
  [rivalFile('mcp-proxy/dist/bin/mcp-proxy.mjs'), '--host', '127.0.0.1', '--port', String(port), ...flags, '--', command, ...args]

const supergateway = (...flags: string[]): ArgsFor => (port, { command, args }) =>
  [rivalFile('supergateway/dist/index.js'), '--stdio', [command, ...args].map((word) => `'${word}'`).join(' '),
    '--port', String(port), ...flags]

const naive = (children: 'shared' | 'session', reply: 'json' | 'sse'): ArgsFor => (port, { command, args }) =>
  [naiveProxyFile, String(port), children, reply, command, ...args]

/** supergateway with the idle time that ours has in the rows about vanished clients; its own default is 30 minutes. */
export const supergatewayShortIdle = (idleMs: number): Target => rival(
  { id: 'supergateway-short-idle', family: 'supergateway', label: `supergateway --stateful --sessionTimeout ${idleMs}`, children: 'session', maxSessions: 100 },
  supergateway('--outputTransport', 'streamableHttp', '--stateful', '--logLevel', 'none', '--sessionTimeout', String(idleMs)))

/** Sessions a target with a process (or two) per session is asked for. */
const PER_SESSION_MAX = 100

/** Ray starts half a dozen processes of its own. */
const RAY_READY_MS = 90_000

/** Programs of Python, in the environment that the bench made for them. */
const pythonRivals: readonly Target[] = [
  {
    id: 'mcp-proxy-python',
    family: 'mcp-proxy',
    label: 'mcp-proxy of PyPI, default (Streamable HTTP)',
    children: 'shared',
    users: 0,
    maxSessions: 100,
    takes: ['stdio'],
    start: async (server) => {
      const [{ command, args, tag }, port] = [commandOf(server), await freePort()]
      const process = launch([pythonProgram('mcp-proxy'), '--host', '127.0.0.1', '--port', String(port), '--log-level', 'ERROR', '--', command, ...args], tag)
      await untilListening(process, port)
      return { process, endpoint: { kind: 'mcp', port, path: '/mcp', credentials: [] } }
    }
  },
  {
    id: 'ray-serve',
    family: 'ray-serve',
    label: 'Ray Serve, one replica, as its tutorials have it',
    children: 'shared',
    users: 0,
    maxSessions: 100,
    takes: ['plain'],
    start: async (server) => {
      const [{ command, args, tag }, port] = [commandOf(server), await freePort()]
      const process = launch([pythonProgram('python'), rayProgram, String(port), command, ...args], tag)
      await untilListening(process, port, RAY_READY_MS)
      return { process, endpoint: { kind: 'plain', port, path: '/call', argumentsKey: 'tool_args', credentials: [] } }
    }
  }
]

/** The named rivals: each in its documented default, and in its fastest modes. */
export const rivals: readonly Target[] = [
  rival({ id: 'mcp-proxy', family: 'mcp-proxy', label: 'mcp-proxy, default', children: 'shared', maxSessions: 1000, takes: ['stdio', 'stdio-modern'] }, mcpProxy()),
  rival({ id: 'mcp-proxy-lean', family: 'mcp-proxy', label: 'mcp-proxy --server stream --no-eventStore --no-modern', children: 'shared', maxSessions: 1000 },
    mcpProxy('--server', 'stream', '--no-eventStore', '--no-modern')),
  rival({ id: 'mcp-proxy-modern', family: 'mcp-proxy', label: 'mcp-proxy --server stream --no-eventStore', children: 'shared', maxSessions: 1000, takes: ['stdio-modern'] },
    mcpProxy('--server', 'stream', '--no-eventStore')),
  rival({ id: 'mcp-proxy-stateless', family: 'mcp-proxy', label: 'mcp-proxy --stateless', children: 'shared', maxSessions: 1000 }, mcpProxy('--stateless')),
  rival({ id: 'supergateway', family: 'supergateway', label: 'supergateway, default (HTTP+SSE)', children: 'shared', maxSessions: 1000 }, supergateway(), 'sse'),
  rival({ id: 'supergateway-stateless', family: 'supergateway', label: 'supergateway --outputTransport streamableHttp', children: 'request', maxSessions: 10, takes: ['stdio', 'stdio-modern'] },
    supergateway('--outputTransport', 'streamableHttp')),
  rival({ id: 'supergateway-stateful', family: 'supergateway', label: 'supergateway --stateful --logLevel none', children: 'session', maxSessions: PER_SESSION_MAX },
    supergateway('--outputTransport', 'streamableHttp', '--stateful', '--logLevel', 'none')),
  rival({ id: 'naive-shared-json', family: 'naive', label: 'naive SDK proxy, shared child, JSON', children: 'shared', maxSessions: 1000 }, naive('shared', 'json')),
  rival({ id: 'naive-shared-sse', family: 'naive', label: 'naive SDK proxy, shared child, SSE', children: 'shared', maxSessions: 1000 }, naive('shared', 'sse')),
  rival({ id: 'naive-session', family: 'naive', label: 'naive SDK proxy, child per session, SSE', children: 'session', maxSessions: PER_SESSION_MAX }, naive('session', 'sse')),
  ...pythonRivals
]
