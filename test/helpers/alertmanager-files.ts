import { execFile } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const root = fileURLToPath(new URL('../../', import.meta.url))
const run = promisify(execFile)

export interface AlertSettings {
  /** Lines of .env. */
  readonly env?: Readonly<Record<string, string>>
  /** Files of the instance's secrets. */
  readonly secrets?: Readonly<Record<string, string>>
}

/**
 * What scripts/init does for Alertmanager, for an instance in `dir`. May be done again with other settings.
 * @returns the folder that Alertmanager is given, and what was said on stderr
 */
export async function makeAlertmanagerFiles (dir: string, { env = {}, secrets = {} }: AlertSettings): Promise<{ readonly folder: string, readonly said: string }> {
  for (const name of ['secrets', 'alertmanager']) await mkdir(join(dir, name), { recursive: true })
  for (const [name, text] of Object.entries(secrets)) await writeFile(join(dir, 'secrets', name), text)
  await writeFile(join(dir, '.env'), Object.entries(env).map(([name, value]) => `${name}=${value}\n`).join(''))
  const { stderr } = await run('bash', ['-euo', 'pipefail', '-c', '. "$1/scripts/lib/common.sh"; . "$1/scripts/lib/alertmanager.sh"; make_alertmanager "$2"', 'bash', root.replace(/\/$/, ''), dir], {
    env: { PATH: process.env['PATH'] ?? '', DRAWBRIDGE_ENV_FILE: join(dir, '.env') }
  })
  return { folder: join(dir, 'alertmanager'), said: stderr }
}
