import { once } from 'node:events'
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'

/** How much of what a failed command said is in the error. */
const TOLD_CHARS = 4000

const running = new Set<ChildProcess>()

export interface CommandOptions {
  readonly cwd: string
  readonly env: NodeJS.ProcessEnv
  /** Shows what the command says while it runs. Default false. */
  readonly show?: boolean
}

/** Runs a program to its end. Resolves with stdout; rejects with what it said when it did not end with 0. */
export async function command (program: string, args: readonly string[], { cwd, env, show = false }: CommandOptions): Promise<string> {
  const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
  running.add(child)
  child.once('close', () => running.delete(child))
  let out = ''
  let errors = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text
    if (show) process.stderr.write(text)
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors = (errors + text).slice(-TOLD_CHARS)
    if (show) process.stderr.write(text)
  })
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  child.once('error', reject)
  child.once('close', (code, signal) => {
    if (code === 0) resolve(out)
    else reject(new Error(`${program} ${args.join(' ')} ended with ${signal ?? code}:\n${out.slice(-TOLD_CHARS)}${errors}`))
  })
  return await promise
}

/** Ends every command that still runs, and waits until they are gone. */
export async function endCommands (): Promise<void> {
  await Promise.all([...running].map(async (child) => {
    child.kill()
    await once(child, 'close')
  }))
}
