import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** Every way in which the gateway reaches a server: transport and era. */
export const KINDS = ['stdio-legacy', 'stdio-modern', 'http-legacy', 'http-modern', 'sse'] as const
export type Kind = typeof KINDS[number]

type Entry = Readonly<Record<string, unknown>>

/** The conformance fixture once per kind. */
export interface FixtureUpstreams {
  /** An entry of `mcpServers`, with more keys. */
  entry (kind: Kind, more?: Entry): Entry
  /** Ends those that run by themselves. */
  stop (): Promise<void>
}

const fixture = (file: string): string => fileURLToPath(new URL(`../fixtures/conformance/${file}`, import.meta.url))

/** Starts those that listen; the others are started by the gateway. */
export async function startFixtureUpstreams (kinds: readonly Kind[] = KINDS): Promise<FixtureUpstreams> {
  const running = new Map<Kind, { readonly url: string, readonly child: ChildProcess }>()
  await Promise.all(kinds.filter((kind) => !kind.startsWith('stdio')).map(async (kind) => {
    running.set(kind, await listening([fixture('http.mjs'), kind.replace('http-', '')]))
  }))
  return {
    entry (kind, more = {}) {
      const url = running.get(kind)?.url
      if (url === undefined) return { command: process.execPath, args: [fixture('stdio.mjs'), kind.replace('stdio-', '')], ...more }
      return { type: kind === 'sse' ? 'sse' : 'http', url, allowPrivateNetwork: true, ...more }
    },
    stop: async () => {
      await Promise.all([...running.values()].map(async ({ child }) => {
        if (child.exitCode !== null || child.signalCode !== null) return
        const exit = once(child, 'exit')
        child.kill('SIGKILL')
        await exit
      }))
    }
  }
}

async function listening (args: readonly string[]): Promise<{ readonly url: string, readonly child: ChildProcess }> {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] })
  for await (const line of createInterface(child.stdout)) {
    if (!line.startsWith('{"url"')) continue
    child.stdout.resume()
    return { url: (JSON.parse(line) as { url: string }).url, child }
  }
  throw new Error(`${args.join(' ')} ended before it listened`)
}
