import { spawn, type ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Args, MatrixClient } from './matrix-client.ts'

const fileOf = (path: string): string => fileURLToPath(new URL(path, import.meta.url))
const everythingFile = fileOf('matrix-everything.mjs')
const fixtureFile = (name: 'stdio' | 'http'): string => fileOf(`../fixtures/conformance/${name}.mjs`)

/** A call and what its answer has to hold. */
interface Known<T> { readonly name: string, readonly args: T, readonly says: RegExp }

/** What one kind of server has, in its own words. */
export interface Vocabulary {
  readonly call: Known<Args>
  /** Asks for a form, or for several one after the other. */
  readonly ask: Known<Args>
  /** Reports 1, 2, 3, 4. */
  readonly steps: Known<Args>
  /** A call that goes on for longer than any test. @param key tells one from another */
  endless (key: number): { readonly name: string, readonly args: Args }
  readonly resource: { readonly uri: string, readonly says: RegExp }
  readonly prompt: Known<Readonly<Record<string, string>>>
  /** A resource that can be subscribed to, and a call that makes the server say that it changed. */
  readonly watched: { readonly uri: string, readonly touch: { readonly name: string, readonly args: Args }, readonly rest?: { readonly name: string, readonly args: Args } }
}

/** One column of the matrix. */
export interface Upstream {
  readonly name: string
  readonly words: Vocabulary
  /** Its entry in `mcpServers`. */
  readonly entry: Readonly<Record<string, unknown>>
  /** How a client reaches it without a gateway; undefined over stdio. */
  readonly url: string | undefined
  /** What became of the endless call with this key, as the server saw it. */
  fate (client: MatrixClient, key: number): Promise<{ readonly started: boolean, readonly cancelled: boolean }>
  stop (): Promise<void>
}

const everythingWords: Vocabulary = {
  call: { name: 'get-sum', args: { a: 2, b: 40 }, says: /42/ },
  ask: { name: 'trigger-elicitation-request', args: {}, says: /Name: Ada/ },
  steps: { name: 'trigger-long-running-operation', args: { duration: 0.2, steps: 4 }, says: /completed/ },
  endless: (key) => ({ name: 'trigger-long-running-operation', args: { duration: 60 + key / 1000, steps: 2 } }),
  resource: { uri: 'demo://resource/static/document/architecture.md', says: /Everything Server/ },
  prompt: { name: 'args-prompt', args: { city: 'Bern' }, says: /weather in Bern/ },
  watched: {
    uri: 'demo://resource/dynamic/text/1',
    touch: { name: 'toggle-subscriber-updates', args: {} },
    rest: { name: 'toggle-subscriber-updates', args: {} }
  }
}

const fixtureWords: Vocabulary = {
  call: { name: 'greet', args: { name: 'Ada' }, says: /Hello, Ada!/ },
  ask: { name: 'ask_rounds', args: { rounds: 2 }, says: /^tide tide$/ },
  steps: { name: 'slow_progress', args: { key: 'steps', steps: 4, everyMs: 20 }, says: /done after 4 steps/ },
  endless: (key) => ({ name: 'slow_progress', args: { key: String(key), steps: 1000, everyMs: 100 } }),
  resource: { uri: 'test://static-text', says: /static text resource/ },
  prompt: { name: 'test_prompt_with_arguments', args: { arg1: 'one', arg2: 'two' }, says: /arg1='one', arg2='two'/ },
  watched: { uri: 'test://watched-resource', touch: { name: 'touch_resource', args: { uri: 'test://watched-resource' } } }
}

/** The official server: legacy, over any of its transports. @param journal a file of its own for this upstream */
export async function everythingUpstream (transport: 'stdio' | 'streamableHttp' | 'sse', journal: string): Promise<Upstream> {
  const args = [everythingFile, transport, journal]
  const common = { name: `everything ${transport}`, words: everythingWords, fate: (_client: MatrixClient, key: number) => Promise.resolve(fateInJournal(journal, key)) }
  if (transport === 'stdio') return { ...common, entry: { command: process.execPath, args }, url: undefined, stop: () => Promise.resolve() }
  const { url, stop } = await listening(args)
  return { ...common, entry: { type: transport === 'sse' ? 'sse' : 'http', url, allowPrivateNetwork: true }, url, stop }
}

/** The fixture that speaks 2026-07-28 and nothing else, or both eras. */
export async function fixtureUpstream (transport: 'stdio' | 'http', mode: 'modern' | 'dual'): Promise<Upstream> {
  const args = [fixtureFile(transport), mode]
  const common = { name: `${mode} ${transport}`, words: fixtureWords, fate: fateByAsking }
  if (transport === 'stdio') return { ...common, entry: { command: process.execPath, args }, url: undefined, stop: () => Promise.resolve() }
  const { url, stop } = await listening(args)
  return { ...common, entry: { type: 'http', url, allowPrivateNetwork: true }, url, stop }
}

async function fateByAsking (client: MatrixClient, key: number): Promise<{ started: boolean, cancelled: boolean }> {
  const run = JSON.parse(await client.callTool('was_cancelled', { key: String(key) })) as { started: boolean, cancelled?: boolean }
  return { started: run.started, cancelled: run.cancelled === true }
}

function fateInJournal (journal: string, key: number): { started: boolean, cancelled: boolean } {
  const { duration } = everythingWords.endless(key).args
  const lines = readFileSync(journal, { encoding: 'utf8', flag: 'a+' }).split('\n').filter(Boolean).map((line) => JSON.parse(line) as { call?: Args, cancelled?: Args })
  return { started: lines.some(({ call }) => call?.['duration'] === duration), cancelled: lines.some(({ cancelled }) => cancelled?.['duration'] === duration) }
}

/** Starts a program that prints its URL; its other words are thrown away. */
async function listening (args: readonly string[]): Promise<{ readonly url: string, stop (): Promise<void> }> {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] })
  for await (const line of createInterface(child.stdout)) {
    if (!line.startsWith('{"url"')) continue
    child.stdout.resume()
    return { url: (JSON.parse(line) as { url: string }).url, stop: () => ended(child) }
  }
  throw new Error(`${args.join(' ')} ended before it listened`)
}

function ended (child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.once('exit', () => resolve())
    child.kill('SIGKILL')
  })
}
