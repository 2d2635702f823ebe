import { fileURLToPath } from 'node:url'
import { freePort, launchNode, untilListening } from '../machine/launch.ts'
import type { Target } from './target.ts'

/** Raw Fastify that echoes a POST: what any gateway on Fastify pays before it does anything. */
export const fastifyFloor: Target = {
  id: 'fastify',
  family: 'fastify',
  label: 'floor: raw Fastify echo',
  children: 'none',
  users: 0,
  takes: ['stdio', 'stdio-modern'],
  maxSessions: 1000,
  start: async ({ tag }) => {
    const port = await freePort()
    const process = launchNode([fileURLToPath(new URL('../programs/fastify-echo.mjs', import.meta.url)), String(port)], tag)
    await untilListening(process, port)
    return { process, endpoint: { kind: 'echo', port, path: '/echo', credentials: [] } }
  }
}
