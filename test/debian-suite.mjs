// A package of another Debian suite than the machine's own, from the machine's own mirror: unpacked, not installed, and without a trace
// in the machine's package lists. Programs of a newer suite run as long as their libraries are the same, so ask the program afterwards.
import { execFile } from 'node:child_process'
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg'
/** Where Debian is when the machine is not one itself. */
const PUBLIC_MIRROR = 'http://deb.debian.org/debian/'
const TIMEOUT_MS = 300_000

/** Unpacks `name` of `suite` into `dir`, which is emptied first. Throws when there is no apt, no such suite or no such package. */
export async function unpackFromSuite (suite, name, dir) {
  await rm(dir, { recursive: true, force: true })
  const own = join(dir, '.apt')
  await mkdir(join(own, 'lists', 'partial'), { recursive: true })
  await mkdir(join(own, 'cache', 'archives', 'partial'), { recursive: true })
  await writeFile(join(own, 'sources.list'), `deb [target=Packages signed-by=${KEYRING}] ${await mirror()} ${suite} main\n`)
  const options = {
    'Dir::Etc::SourceList': join(own, 'sources.list'),
    'Dir::Etc::SourceParts': '/dev/null',
    'Dir::State::Lists': join(own, 'lists'),
    'Dir::Cache': join(own, 'cache'),
    'Acquire::Languages': 'none',
    'APT::Sandbox::User': 'root'
  }
  const apt = async (...args) => await run('apt-get', [...Object.entries(options).flatMap(([key, value]) => ['-o', `${key}=${value}`]), ...args], { cwd: own, timeout: TIMEOUT_MS })
  await apt('update')
  await apt('download', `${name}/${suite}`)
  const [archive = ''] = (await readdir(own)).filter((file) => file.endsWith('.deb'))
  await run('dpkg-deb', ['-x', join(own, archive), dir])
  await rm(own, { recursive: true, force: true })
}

/** The machine's own mirror of Debian's main archive. */
async function mirror () {
  const { stdout } = await run('apt-get', ['indextargets', '--format', '$(ORIGIN) $(REPO_URI) $(RELEASE)', 'Created-By: Packages', 'Component: main'])
  const lines = stdout.split('\n').map((line) => line.split(' '))
  return lines.find(([origin, , release = '']) => origin === 'Debian' && !release.includes('-security') && !release.includes('-updates'))?.[1] ?? PUBLIC_MIRROR
}
