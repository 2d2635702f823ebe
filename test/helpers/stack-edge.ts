import assert from 'node:assert/strict'
import { send, type Exchange, type ExchangeOptions } from './http-exchange.ts'
import { startStackNginx, type StackNginx } from './nginx-stack.ts'
import { rawExchange } from './raw-exchange.ts'
import { startToldBackend, type Arrived, type ToldBackend } from './told-backend.ts'
import { until } from './until.ts'

/** The stack's nginx, and behind it two servers that show what arrives. */
export interface StackEdge {
  readonly nginx: StackNginx
  readonly b1: ToldBackend
  readonly b2: ToldBackend
  /** One request over TLS, with its whole answer. */
  ask (path: string, options?: ExchangeOptions): Promise<Exchange>
  /** Bytes as they are, and what came back. */
  raw (text: string): Promise<string>
  /** The first request for this URL that arrived, at whichever of the two. @throws when there was none */
  arrivedAt (url: string): Arrived
  /** The access log's lines for a path, as soon as there is one. */
  logged (path: string): Promise<Array<Record<string, unknown>>>
  stop (): Promise<void>
}

/** Starts all three. */
export async function startStackEdge (): Promise<StackEdge> {
  const [b1, b2] = [await startToldBackend('b1'), await startToldBackend('b2')]
  const nginx = await startStackNginx({ targets: [b1, b2] })
  return {
    nginx,
    b1,
    b2,
    ask: async (path, options = {}) => await send(nginx.url + path, { agent: nginx.agent, ...options }),
    raw: async (text) => (await rawExchange({ port: Number(new URL(nginx.url).port), ca: nginx.ca, text })).said,
    arrivedAt: (url) => [...b1.arrived, ...b2.arrived].find((request) => request.url === url) ?? assert.fail(`nothing arrived at ${url}`),
    logged: async (path) => await until(`${path} is in the log`, () => {
      const lines = nginx.accessLog().map((line) => JSON.parse(line) as Record<string, unknown>).filter((line) => line['path'] === path)
      return lines.length > 0 && lines
    }),
    stop: async () => {
      await nginx.stop()
      await b1.stop()
      await b2.stop()
    }
  }
}
