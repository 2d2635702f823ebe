import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { ServerEntry } from '../helpers/programs.ts'

const program = (name: string): string => fileURLToPath(new URL(`../fixtures/conformance/${name}.mjs`, import.meta.url))

/** What the fixture speaks; see its README. `sse` only over HTTP. */
export type FixtureMode = 'dual' | 'legacy' | 'modern' | 'sse'

/** An `mcpServers` entry that starts the fixture over stdio. */
export function stdioFixture (mode: Exclude<FixtureMode, 'sse'>, more: Readonly<Record<string, unknown>> = {}): ServerEntry {
  return { command: process.execPath, args: [program('stdio'), mode], ...more }
}

export interface HttpFixture {
  /** Of its MCP endpoint. */
  readonly url: string
  /** An `mcpServers` entry that reaches it. */
  readonly entry: Readonly<Record<string, unknown>>
  stop (): Promise<void>
}

/** Starts the fixture over HTTP on a free loopback port. @throws when it ends before it listens */
export async function startHttpFixture (mode: FixtureMode): Promise<HttpFixture> {
  const child = spawn(process.execPath, [program('http'), mode], { stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = new Promise<void>((resolve) => { child.on('exit', () => resolve()) })
  const line = await new Promise<string>((resolve, reject) => {
    createInterface(child.stdout).once('line', resolve).once('close', () => reject(new Error(`the fixture (${mode}) did not start`)))
    child.on('error', reject)
  })
  const { url } = JSON.parse(line) as { url: string }
  return {
    url,
    entry: { type: mode === 'sse' ? 'sse' : 'http', url, allowPrivateNetwork: true },
    stop: async () => {
      child.kill('SIGTERM')
      await exited
    }
  }
}
