import assert from 'node:assert/strict'
import { chownSync, linkSync, lstatSync, symlinkSync } from 'node:fs'
import { describe, it } from 'node:test'
import { withPrivateCaches } from '../../../src/sandbox/program-environment.ts'
import { giveDirectories, refuseLinks } from '../../../src/sandbox/worker-directories.ts'
import { folderWith, reasonOf, requestIn } from './sandbox-parts.ts'

const isRoot = process.getuid?.() === 0
const self = process.getuid?.() ?? 0
const WORKER = isRoot ? 65_533 : self

describe('directories of a worker', () => {
  it('are not reached through a link that a worker may have made (T43)', (t) => {
    const folder = folderWith(t, ['tenant/', 'elsewhere/alice/'])
    symlinkSync(`${folder}/elsewhere`, `${folder}/tenant/planted`)
    if (isRoot) {
      // The operator's own link is no trap.
      assert.equal(reasonOf(() => refuseLinks({ server: 'srv', dataDirs: [`${folder}/tenant/planted/alice`] }, WORKER)), '')
      process.getBuiltinModule('node:fs').lchownSync(`${folder}/tenant/planted`, WORKER, WORKER)
    }
    assert.match(reasonOf(() => refuseLinks({ server: 'srv', dataDirs: [`${folder}/tenant/planted/alice`] }, WORKER)), /mcpServers\.srv: .*planted is a link to .*elsewhere that belongs to the user of workers/)
    assert.equal(reasonOf(() => refuseLinks({ server: 'srv', dataDirs: [`${folder}/elsewhere/alice`, `${folder}/absent`] }, WORKER)), '')
  })

  it('are given to it with what the gateway put there; links are not followed, second names and other people\'s files left', (t) => {
    const folder = folderWith(t, ['data/own/file', 'data/other', 'outside/file', 'outside/twice'])
    symlinkSync(`${folder}/outside`, `${folder}/data/link`)
    linkSync(`${folder}/outside/twice`, `${folder}/data/twice`)
    if (isRoot) chownSync(`${folder}/data/other`, 12_345, 12_345)
    giveDirectories([`${folder}/data`, `${folder}/absent`], WORKER)
    const owner = (path: string): number => lstatSync(`${folder}/${path}`).uid
    for (const path of ['data', 'data/own', 'data/own/file', 'data/link']) assert.equal(owner(path), WORKER, path)
    assert.equal(owner('data/other'), isRoot ? 12_345 : self)
    for (const path of ['outside', 'outside/file', 'outside/twice', 'data/twice']) assert.equal(owner(path), self, path)
  })
})

it('download caches of launchers are the worker\'s own, unless the entry gives it the directory (T43)', (t) => {
  const folder = folderWith(t, [])
  const env = { npm_config_cache: '/root/.npm', UV_CACHE_DIR: '/srv/uv', npm_config_registry: 'https://registry.example', HOME: '/h' }
  const settings = { level: 'auto', network: 'none', pids: 64, readOnly: ['/srv/uv'], writable: [] } as const
  const request = requestIn(folder, { env, settings })
  const own = withPrivateCaches(request)
  assert.ok(own['npm_config_cache']?.startsWith(`${request.privateDir}/home/`))
  assert.deepEqual([own['UV_CACHE_DIR'], own['npm_config_registry'], own['HOME']], ['/srv/uv', 'https://registry.example', '/h'])
})
