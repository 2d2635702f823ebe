import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { TestContext } from 'node:test'
import type { ContainRequest, HostSupport } from '../../../src/sandbox/index.ts'

/** A folder with these files (a name that ends in a slash is a directory), gone after the test. */
export function folderWith (t: TestContext, names: readonly string[]): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'drawbridge-test-')))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  for (const name of names) {
    const path = join(folder, name)
    mkdirSync(name.endsWith('/') ? path : dirname(path), { recursive: true })
    if (!name.endsWith('/')) writeFileSync(path, name)
  }
  return folder
}

/** A request with nothing special in it; its private directories are in `folder`. */
export function requestIn (folder: string, own: Partial<ContainRequest> = {}): ContainRequest {
  const privateDir = join(folder, 'state', 'workers', 'w')
  const tmpDir = join(folder, 'tmp')
  for (const path of [join(privateDir, 'home'), tmpDir]) mkdirSync(path, { recursive: true })
  return {
    server: 'srv',
    command: 'node',
    args: [],
    env: { PATH: '/usr/bin:/bin' },
    cwd: join(privateDir, 'home'),
    privateDir,
    tmpDir,
    settings: { level: 'auto', network: 'none', pids: 64, readOnly: [], writable: [] },
    dataDirs: [],
    namedDirs: [],
    programDirs: [],
    ...own
  }
}

const resources = { kind: 'prlimit', controllers: [], parents: [], sentence: 'limits in words' } as const

/** A host with everything, and one without namespaces. */
export const HOSTS: Readonly<Record<'strong' | 'weak' | 'bare', HostSupport>> = {
  strong: { strongest: 'namespace', namespace: { bwrap: '/usr/bin/bwrap', by: 'user' }, process: { setpriv: '/usr/bin/setpriv', by: 'user' }, resources, shortcomings: [] },
  weak: { strongest: 'process', process: { setpriv: '/usr/bin/setpriv', by: 'user' }, resources, shortcomings: [{ level: 'namespace', why: 'bubblewrap is not installed', fix: 'apt install bubblewrap' }] },
  bare: { strongest: 'none', resources, shortcomings: [{ level: 'namespace', why: 'no', fix: 'n' }, { level: 'process', why: 'setpriv is not installed', fix: 'apt install util-linux' }] }
}

/** The reason of a GatewayError, which only operators see; '' if nothing was thrown. */
export function reasonOf (act: () => unknown): string {
  try {
    act()
    return ''
  } catch (error) {
    return (error as { details?: { reason?: string } }).details?.reason ?? String(error)
  }
}
