import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { watchFiles } from '../../../config/index.ts'
import { until } from '../../helpers/until.ts'
import { folderWith } from './load.ts'

interface Watched { readonly folder: string, readonly count: () => number, readonly follow: (...files: string[]) => Promise<void> }

function watched (t: TestContext, files: Readonly<Record<string, string>>, lookMs?: number): Watched {
  const folder = folderWith(t, files)
  let count = 0
  const watch = watchFiles(() => { count++ }, { stillMs: 100, ...(lookMs === undefined ? {} : { lookMs }) })
  t.after(() => watch.close())
  // A second later than they were written, as far as the watch knows.
  return { folder, count: () => count, follow: (...names) => watch.follow(names.map((name) => join(folder, name)), Date.now() + 1000) }
}

describe('followed files', () => {
  it('a change in place, a rename over it, its end and its return are one change each', async (t) => {
    const { folder, count, follow } = watched(t, { a: '1' })
    await follow('a')
    await writeFile(join(folder, 'a'), '12')
    await until('the change', () => count() === 1)
    await writeFile(join(folder, 'b'), '123')
    await rename(join(folder, 'b'), join(folder, 'a'))
    await until('the rename', () => count() === 2)
    await rm(join(folder, 'a'))
    await until('the end', () => count() === 3)
    await writeFile(join(folder, 'a'), '123')
    await until('the return', () => count() === 4)
  })

  it('what was written after it was read is a change at once', async (t) => {
    const folder = folderWith(t, { a: '1' })
    let count = 0
    const watch = watchFiles(() => { count++ }, { stillMs: 100 })
    t.after(() => watch.close())
    await watch.follow([join(folder, 'a')], Date.now() - 60_000)
    await until('it is told', () => count === 1)
  })

  it('a link on the way that is turned is a change, where no event tells of it', async (t) => {
    const { folder, count, follow } = watched(t, {}, 50)
    for (const name of ['v1', 'v2']) {
      await mkdir(join(folder, name))
      await writeFile(join(folder, name, 'a'), 'same')
    }
    await mkdir(join(folder, 'deep'))
    await symlink('../v1', join(folder, 'deep', 'now'))
    await symlink(join('deep', 'now'), join(folder, 'link'))
    await follow(join('link', 'a'))
    await symlink('../v2', join(folder, 'deep', 'next'))
    await rename(join(folder, 'deep', 'next'), join(folder, 'deep', 'now'))
    await until('it is turned', () => count() === 1)
  })

  it('a file that stands still, and others beside it, are none', async (t) => {
    const { folder, count, follow } = watched(t, { a: '1' }, 20)
    await follow('a', 'a2')
    await writeFile(join(folder, 'other'), 'x')
    await writeFile(join(folder, 'a2'), 'x')
    await until('the one that counts', () => count() === 1)
    await writeFile(join(folder, 'other'), 'y')
    await writeFile(join(folder, 'a'), '22')
    await until('the other one that counts', () => count() === 2)
  })
})
