import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { CliIo, Output } from './command.ts'
import { runCli } from './run-cli.ts'
import { closeInheritedDescriptors } from './serve/inherited-descriptors.ts'

/** A closed terminal ends what was started from it; a service is told by the same signal to read its configuration anew. */
const isOnTerminal = process.stdin.isTTY === true || process.stdout.isTTY === true || process.stderr.isTTY === true
/** Signals that ask a server to end. */
const ENDING: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', ...(isOnTerminal ? ['SIGHUP' as const] : [])]

const projectDir = resolve(dirname(fileURLToPath(import.meta.url)), '../..')

/** The real process as the commands see it. */
export function processIo (): CliIo {
  return {
    stdout: outputOf(process.stdout),
    stderr: outputOf(process.stderr),
    env: process.env,
    cwd: process.cwd(),
    projectDir,
    version: (JSON.parse(readFileSync(resolve(projectDir, 'package.json'), 'utf8')) as { version: string }).version,
    onSignal: listenForEnd,
    onHangUp: listenForHangUp,
    async startGateway (settings, env) {
      closeInheritedDescriptors()
      const { serve } = await import('../../server.ts')
      return await serve(settings, env)
    }
  }
}

/** What bin/drawbridge.mjs runs: the command line of this process, to its exit. */
export async function main (): Promise<void> {
  ignoreClosedPipes()
  // A server may leave timers of its libraries behind; its work is done when the command is.
  process.exit(await runCli(process.argv.slice(2), processIo()))
}

/** The channel closes when the launcher on an older Node was killed: nobody else will pass its signals on. */
function listenForEnd (listener: (signal: string) => void): () => void {
  const handlers = ENDING.map((signal) => [signal, () => listener(signal)] as const)
  const orphaned = () => listener('launcher gone')
  for (const [signal, handler] of handlers) process.on(signal, handler)
  process.on('disconnect', orphaned)
  return () => {
    for (const [signal, handler] of handlers) process.off(signal, handler)
    process.off('disconnect', orphaned)
  }
}

/** On a terminal SIGHUP means the end, which {@link listenForEnd} hears. */
function listenForHangUp (listener: () => void): () => void {
  if (isOnTerminal) return () => {}
  process.on('SIGHUP', listener)
  return () => { process.off('SIGHUP', listener) }
}

function outputOf (stream: NodeJS.WriteStream): Output {
  return { isTerminal: stream.isTTY === true, write: (text) => { stream.write(text) } }
}

/** `drawbridge help | head` closes the pipe early; that is no fault of ours. */
function ignoreClosedPipes (): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => { if (error.code !== 'EPIPE') throw error })
  }
}
