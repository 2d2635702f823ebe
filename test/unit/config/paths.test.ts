import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { folderWith, oneServer, settingsOf } from './load.ts'

async function launch (entry: Readonly<Record<string, unknown>>, cwd = '/project') {
  const server = (await settingsOf(oneServer(entry), { cwd })).servers.get('one' as never)
  assert.ok(server)
  return server
}

describe('relative paths', () => {
  it('begin at the working directory of the gateway', async () => {
    const server = await launch({ command: './bin/server', args: ['./data/{tenant}/{user}', '../other/', '--dir=./x', '.', 'plain', 'a/b', '-./x', './'], env: { A: './a.json', B: 'x ./y' }, sandbox: { readOnly: ['lib'], writable: ['./w/{user}'] } })
    assert.equal(server.command, '/project/bin/server')
    assert.deepEqual(server.args, ['/project/data/{tenant}/{user}', '/other/', '--dir=/project/x', '/project', 'plain', 'a/b', '-./x', '/project/'])
    assert.deepEqual(server.env, { A: '/project/a.json', B: 'x ./y' })
    assert.deepEqual([server.sandbox.readOnly, server.sandbox.writable], [['/project/lib'], ['/project/w/{user}']])
    assert.equal(server.cwd, undefined)
  })

  it('begin at the entry\'s own cwd if it has one', async () => {
    const server = await launch({ cwd: 'srv/{user}', args: ['./a.js'], env: { A: './b' } })
    assert.equal(server.cwd, '/project/srv/{user}')
    assert.deepEqual([server.args, server.env], [['/project/srv/{user}/a.js'], { A: '/project/srv/{user}/b' }])
  })

  it('a bare command is left for PATH', async () => {
    assert.equal((await launch({ command: 'server' })).command, 'server')
    assert.equal((await launch({ command: '/bin/server' })).command, '/bin/server')
  })

  it('the script of an interpreter is found next to whoever wrote it', async (test) => {
    const cwd = folderWith(test, { 'server.py': '', 'package.json': '' })
    const args = async (command: string, ...rest: string[]) => (await launch({ command, args: rest }, cwd)).args
    assert.deepEqual(await args('python', '-u', 'server.py', 'server.py'), ['-u', `${cwd}/server.py`, 'server.py'])
    assert.deepEqual(await args('/usr/bin/python3.11', 'server.py'), [`${cwd}/server.py`])
    assert.deepEqual(await args('python', 'absent.py'), ['absent.py'])
    assert.deepEqual(await args('other', 'package.json'), ['package.json'])
    assert.deepEqual((await launch({ command: 'python', args: ['server.py'], cwd: '/elsewhere' }, cwd)).args, ['server.py'])
  })
})
