import { execFile, execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { workDir } from './install.ts'

const run = promisify(execFile)
const unpacked = join(workDir, 'nginx', 'usr', 'sbin', 'nginx')

/** Gets nginx, unless the machine has it: Debian's package, unpacked beside the other rivals; nothing is installed. Without it its rows say so. */
export async function installNginx (say: (line: string) => void): Promise<void> {
  if (existsSync(unpacked) || versionOf('nginx') !== undefined) return
  say('unpacking nginx …')
  const directory = join(workDir, 'nginx')
  mkdirSync(directory, { recursive: true })
  try {
    await run('apt-get', ['download', 'nginx'], { cwd: directory, timeout: 60_000 })
    const file = readdirSync(directory).find((name) => name.endsWith('.deb'))
    if (file !== undefined) await run('dpkg', ['-x', file, '.'], { cwd: directory, timeout: 20_000 })
  } catch (error) {
    say(`no nginx: ${error instanceof Error ? error.message.split('\n', 1)[0] : String(error)}`)
  }
}

/** The program: what was unpacked, or the machine's own. */
export const nginxFile = (): string => existsSync(unpacked) ? unpacked : 'nginx'

/** For the result file; undefined = there is none. */
export const nginxVersion = (): string | undefined => versionOf(nginxFile())

function versionOf (file: string): string | undefined {
  try {
    return /nginx\/(\S+)/.exec(execFileSync('sh', ['-c', '"$0" -v 2>&1', file], { encoding: 'utf8' }))?.[1]
  } catch {
    return undefined
  }
}
