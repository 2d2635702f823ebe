import { basename } from 'node:path'
import { launcherOf, programName } from './launchers.ts'

/** Programs whose arguments are, or hold, another command line. */
const STARTERS = new Set([
  'env', 'sh', 'ash', 'bash', 'dash', 'fish', 'ksh', 'zsh', 'cmd', 'powershell', 'pwsh', 'busybox', 'corepack', 'dumb-init', 'tini',
  'nice', 'nohup', 'setsid', 'stdbuf', 'sudo', 'timeout', 'xargs'
])
/** What separates words in every shell. */
const BETWEEN_WORDS = /[\s;&|()<>'"`$]+/

/**
 * The package launcher that a command starts by way of another program, so that nothing pins what it fetches (T46);
 * `undefined` = none is seen. Looks at words, not at what a shell would make of them.
 */
export function hiddenLauncher (command: string, args: readonly string[]): string | undefined {
  if (!STARTERS.has(programName(command))) return undefined
  const words = args.flatMap((arg) => arg.split(BETWEEN_WORDS)).filter((word) => word !== '')
  const found = words.find((word, index) => launcherOf(word, words.slice(index + 1)) !== undefined)
  return found === undefined ? undefined : basename(found)
}
