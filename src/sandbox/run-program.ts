import { spawn } from 'node:child_process'

/** Enough for a mount or a namespace on a busy machine. */
const MAX_RUN_MS = 10_000
const MAX_OUTPUT_CHARS = 4096

/** How a program ended. */
export interface ProgramResult {
  /** `undefined`: it could not be started, or did not end in time. */
  readonly code: number | undefined
  /** The last line it wrote to stderr, or why it did not start. */
  readonly complaint: string
}

const PLAIN_ENV = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' }

/** Runs one short program to its end, by argv, with next to no environment unless one is given. Never rejects. */
export async function runProgram (command: string, args: readonly string[], env: Readonly<Record<string, string>> = PLAIN_ENV): Promise<ProgramResult> {
  return await new Promise((resolve) => {
    const child = spawn(command, args, { cwd: '/', env: { ...env }, stdio: ['ignore', 'ignore', 'pipe'] })
    const late = setTimeout(() => child.kill('SIGKILL'), MAX_RUN_MS)
    let output = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => { output = (output + text).slice(-MAX_OUTPUT_CHARS) })
    child.on('error', (error) => {
      clearTimeout(late)
      resolve({ code: undefined, complaint: error.message })
    })
    child.on('close', (code) => {
      clearTimeout(late)
      resolve({ code: code ?? undefined, complaint: output.trim().split('\n').at(-1) ?? '' })
    })
  })
}
