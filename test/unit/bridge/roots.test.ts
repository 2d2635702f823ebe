import assert from 'node:assert/strict'
import { mkdir, mkdtemp, realpath, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { before, after, describe, it } from 'node:test'
import { pathToFileURL } from 'node:url'
import { filterRoots } from '../../../src/bridge/roots.ts'

const href = (path: string): string => pathToFileURL(path).href

describe('roots: filtered (rulings 1)', () => {
  let dir = ''
  let own = ''
  const uris = async (offered: readonly unknown[], rootDirs: readonly string[] = [own]): Promise<unknown> => {
    const { roots } = await filterRoots({ roots: offered.map((uri) => ({ uri })) }, rootDirs)
    return (roots as Array<{ uri: string }>).map(({ uri }) => uri)
  }

  before(async () => {
    dir = await realpath(await mkdtemp(join(tmpdir(), 'roots-')))
    own = join(dir, 'alice')
    await mkdir(join(own, 'project one'), { recursive: true })
    await mkdir(join(dir, 'alice-secrets'))
    await mkdir(join(dir, 'bob'))
    await symlink(join(dir, 'bob'), join(own, 'to-bob'))
    await symlink('/', join(own, 'to-root'))
    await symlink(join(own, 'project one'), join(dir, 'to-alice'))
  })
  after(() => rm(dir, { recursive: true, force: true }))

  it('lets pass what lies inside the operator\'s directories', async () => {
    assert.deepEqual(await uris([href(own), href(join(own, 'project one')), href(join(own, 'not yet', 'there'))]), [href(own), href(join(own, 'project one')), href(join(own, 'not yet', 'there'))])
  })

  it('keeps names, and nothing else of the client\'s', async () => {
    assert.deepEqual(await filterRoots({ roots: [{ uri: href(own), name: 'Mine', _meta: { x: 1 }, path: '/' }, { uri: href(own), name: 7 }] }, [own]), { roots: [{ uri: href(own), name: 'Mine' }, { uri: href(own) }] })
  })

  it('file:/// and everything outside is answered with the operator\'s directories', async () => {
    const outside = [
      'file:///', 'file://', 'file:/', href(dir), href(join(dir, 'bob')), href(join(dir, 'alice-secrets')), `${href(own)}/../bob`, `${href(own)}/%2e%2e/bob`,
      `${href(own)}/..%2Fbob`, `${href(own)}\\..\\bob`, `${href(own)}/%00/../../bob`, `${href(own)}/project%20one%00`, `file://evil.example${own}/project%20one`, `http://localhost${own}/project%20one`, join(own, 'project one'), '', 'not a uri', 'file:///%'
    ]
    for (const uri of outside) assert.deepEqual(await uris([uri]), [href(own)], uri)
  })

  it('follows links on both sides, for what does not exist too', async () => {
    for (const uri of ['to-bob', 'to-root', 'to-root/etc', 'to-root/not/there', 'to-bob/not/there']) assert.deepEqual(await uris([href(join(own, uri))]), [href(own)], uri)
    assert.deepEqual(await uris([href(join(dir, 'to-alice'))]), [href(join(own, 'project one'))])
    assert.deepEqual(await uris([href(join(own, 'project one'))], [join(dir, 'to-alice')]), [href(join(own, 'project one'))])
  })

  it('spells what passes anew: a query that another parser takes for the path leads nowhere else', async () => {
    assert.deepEqual(await uris([`${href(own)}?/../../../../../../../../etc`, `${href(own)}#/../../../../etc`, `${href(own)}/project%20one/./`]), [href(own), href(own), href(join(own, 'project one'))])
    assert.deepEqual(await uris([`file://localhost${own}`]), [href(own)])
  })

  it('some pass, the others are left out', async () => {
    assert.deepEqual(await uris(['file:///etc', href(join(own, 'project one')), 'file:///']), [href(join(own, 'project one'))])
  })

  it('whatever a client answers instead of roots gets the directories; a server without any gets none', async () => {
    for (const answer of [undefined, null, {}, { roots: {} }, { roots: [null, 1, 'file:///', {}, { uri: 1 }] }]) assert.deepEqual(await filterRoots(answer, [own]), { roots: [{ uri: href(own) }] })
    assert.deepEqual(await uris([href(own), 'file:///'], []), [])
  })

  it('looks at so many roots and no more', async () => {
    const many = [...Array.from({ length: 100 }, () => 'file:///etc'), href(join(own, 'project one'))]
    assert.deepEqual(await uris(many), [href(own)])
  })
})
