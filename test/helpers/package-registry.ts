import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { tarball, zip, type ArchiveFiles } from './package-archives.ts'

/** An npm registry and a Python index on loopback, with what a test publishes there. */
export interface PackageRegistry {
  readonly url: string
  /** Paths that were asked for. */
  readonly asked: string[]
  /** Publishes a version, or puts other bytes in its place; `manifest` is added to its package.json. */
  publishNpm (name: string, version: string, files: ArchiveFiles, manifest?: Readonly<Record<string, unknown>>): void
  /** Serves these bytes for a published version while its metadata stay as they are. */
  swapTarball (name: string, version: string, files: ArchiveFiles): void
  /** Publishes a wheel of one module with one console script of the distribution's name. */
  publishPython (name: string, version: string, source: string): void
  /** Environment in which npm, uv and pip know this registry and nothing of the machine's; caches of its own. */
  environment (): Promise<Record<string, string>>
  /** Stops listening: the registry cannot be reached any more. */
  close (): Promise<void>
}

interface NpmVersion { readonly manifest: Record<string, unknown>, readonly integrity: string, bytes: Buffer }

/** Starts one. `cleanUp` takes what has to be done at the end. */
export async function startRegistry (cleanUp: (done: () => Promise<void>) => void): Promise<PackageRegistry> {
  const npm = new Map<string, Map<string, NpmVersion>>()
  const wheels = new Map<string, Map<string, Buffer>>()
  const asked: string[] = []
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? '/')
    asked.push(path)
    const answer = npmAnswer(path, npm, url) ?? pythonAnswer(path, wheels)
    response.writeHead(answer === undefined ? 404 : 200, { 'content-type': answer?.type ?? 'text/plain', connection: 'close' }).end(answer?.body ?? 'no')
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const close = async () => {
    server.closeAllConnections()
    if (server.listening) await new Promise((resolve) => server.close(resolve))
  }
  cleanUp(close)
  return {
    url,
    asked,
    publishNpm (name, version, files, manifest = {}) {
      const full = { name, version, ...manifest }
      const bytes = tarball({ 'package.json': JSON.stringify(full), ...files })
      const versions = npm.get(name) ?? new Map<string, NpmVersion>()
      npm.set(name, versions.set(version, { manifest: full, integrity: `sha512-${createHash('sha512').update(bytes).digest('base64')}`, bytes }))
    },
    swapTarball (name, version, files) {
      const known = npm.get(name)?.get(version)
      if (known !== undefined) known.bytes = tarball({ 'package.json': JSON.stringify(known.manifest), ...files })
    },
    publishPython (name, version, source) {
      const files = wheels.get(name) ?? new Map<string, Buffer>()
      wheels.set(name, files.set(`${name.replaceAll('-', '_')}-${version}-py3-none-any.whl`, wheel(name, version, source)))
    },
    async environment () {
      const home = await mkdtemp(join(tmpdir(), 'drawbridge-tools-'))
      cleanUp(async () => { await rm(home, { recursive: true, force: true, maxRetries: 3 }) })
      return {
        PATH: process.env['PATH'] ?? '',
        HOME: home,
        no_proxy: '127.0.0.1',
        npm_config_registry: `${url}/npm/`,
        npm_config_cache: join(home, 'npm'),
        npm_config_userconfig: join(home, '.npmrc'),
        npm_config_globalconfig: join(home, '.npmrc-global'),
        npm_config_fetch_retries: '0',
        UV_DEFAULT_INDEX: `${url}/simple/`,
        UV_CACHE_DIR: join(home, 'uv'),
        UV_NO_CONFIG: '1',
        UV_PYTHON_DOWNLOADS: 'never',
        PIP_INDEX_URL: `${url}/simple/`,
        PIP_CACHE_DIR: join(home, 'pip'),
        PIP_CONFIG_FILE: '/dev/null',
        PIP_RETRIES: '0'
      }
    },
    close
  }
}

interface Answer { readonly type: string, readonly body: string | Buffer }

function npmAnswer (path: string, npm: ReadonlyMap<string, ReadonlyMap<string, NpmVersion>>, url: string): Answer | undefined {
  const [, name = '', version] = /^\/npm\/((?:@[^/]+\/)?[^/]+)(?:\/-\/(.+)\.tgz)?$/.exec(path) ?? []
  const versions = npm.get(name)
  if (versions === undefined) return undefined
  const file = version === undefined ? undefined : versions.get(version)
  if (version !== undefined) return file && { type: 'application/octet-stream', body: file.bytes }
  const all = [...versions].map(([each, { manifest, integrity }]) => [each, { ...manifest, hasInstallScript: 'scripts' in manifest, dist: { integrity, tarball: `${url}/npm/${name}/-/${each}.tgz` } }])
  return { type: 'application/json', body: JSON.stringify({ name, 'dist-tags': { latest: [...versions.keys()].at(-1) }, versions: Object.fromEntries(all) }) }
}

function pythonAnswer (path: string, wheels: ReadonlyMap<string, ReadonlyMap<string, Buffer>>): Answer | undefined {
  const [, name = '', file] = /^\/simple\/([^/]+)\/(.*)$/.exec(path) ?? []
  const files = wheels.get(name)
  if (files === undefined) return undefined
  const wanted = files.get(file ?? '')
  if (file !== '') return wanted && { type: 'application/octet-stream', body: wanted }
  const links = [...files].map(([each, bytes]) => `<a href="${each}#sha256=${createHash('sha256').update(bytes).digest('hex')}">${each}</a>`)
  return { type: 'text/html', body: `<!DOCTYPE html><html><body>${links.join('')}</body></html>` }
}

function wheel (name: string, version: string, source: string): Buffer {
  const module = name.replaceAll('-', '_')
  const info = `${module}-${version}.dist-info`
  const files: Record<string, string> = {
    [`${module}/__init__.py`]: source,
    [`${info}/METADATA`]: `Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\n`,
    [`${info}/WHEEL`]: 'Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n',
    [`${info}/entry_points.txt`]: `[console_scripts]\n${name} = ${module}:main\n`
  }
  return zip({ ...files, [`${info}/RECORD`]: [...Object.keys(files), `${info}/RECORD`].map((path) => `${path},,\n`).join('') })
}
