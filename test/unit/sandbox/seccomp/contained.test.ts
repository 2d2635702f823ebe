import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { closeSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, it } from 'node:test'
import type { TestContext } from 'node:test'
import { runners, type Runner } from '../../../helpers/runners.ts'
import { openFilter } from '../../../../src/sandbox/seccomp/index.ts'

const PROJECT = fileURLToPath(new URL('../../../..', import.meta.url)).replace(/\/$/, '')
/** Calls that would succeed, or fail with another error than EPERM, without the filter; made by number, as an attacker would. */
const PROBE = `
import ctypes, json
libc = ctypes.CDLL(None, use_errno=True)
calls = {'ptrace': (101, 0), 'keyctl': (250, 6, 0), 'io_uring_setup': (425, 1, 0), 'userfaultfd': (323, 1), 'process_vm_readv': (310, 1), 'name_to_handle_at': (303, -1),
  'kcmp': (312, 1, 1), 'unshare': (272, 0x10000000), 'clone': (56, 0x10000011), 'clone3': (435, 0, 0), 'tiocsti': (16, 0, 0x5412, 0), 'bpf': (321, 99), 'setns': (308, -1, 0), 'fsopen': (430, 0),
  'pidfd_getfd': (438, -1), 'x32': (0x40000027,), 'vsock': (41, 40, 1, 0), 'inet': (41, 2, 1, 0), 'unshare files': (272, 0x400), 'getppid': (110,)}
result = {}
for name, call in calls.items():
  ctypes.set_errno(0)
  code = libc.syscall(*call)
  result[name] = 'ok' if code >= 0 else ctypes.get_errno()
print(json.dumps(result))
`
/** Worker threads, child processes, files, timers and sockets: what servers of Node are made of. */
const NODE = `
const { Worker } = require('node:worker_threads'); const { execFileSync } = require('node:child_process'); const net = require('node:net')
const server = net.createServer((socket) => socket.end('hi')).listen(0, '127.0.0.1', () => {
  net.connect(server.address().port, '127.0.0.1').on('data', (data) => {
    new Worker('require("node:worker_threads").parentPort.postMessage(1)', { eval: true }).on('message', () => {
      console.log(String(data), execFileSync('/bin/echo', ['child']).toString().trim(), require('node:fs').readFileSync('/proc/self/status', 'utf8').match(/^Seccomp:\\s+(\\d)/m)[1]); process.exit()
    })
  })
})`
const PYTHON = `
import subprocess, threading, socket, multiprocessing
thread = threading.Thread(target=print, args=('thread',)); thread.start(); thread.join()
print(subprocess.check_output(['/bin/echo', 'child'], text=True).strip(), socket.socketpair()[0].fileno() > 0, multiprocessing.get_context('fork').Process(target=int).start())`

function runnerOf (test: TestContext, make: () => Runner): Runner {
  const runner = make()
  test.after(runner.remove)
  return runner
}

/** Runs a command contained by the filter and nothing much else. */
function contained (test: TestContext, { prefix, project }: Runner, command: readonly string[], filtered = true) {
  const filter = openFilter()
  assert.notEqual(filter, undefined)
  test.after(() => { closeSync(filter ?? -1) })
  const [file = '', ...args] = [...prefix, 'bwrap', '--die-with-parent', '--unshare-user', '--unshare-pid', ...filtered ? ['--seccomp', '3'] : [], '--dev-bind', '/', '/', '--proc', '/proc', '--cap-drop', 'ALL', '--', ...command.map((word) => word.replace(PROJECT, project))]
  return spawnSync(file, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe', filter], timeout: 60_000 })
}

describe('programs under the filter', () => {
  for (const { name, make } of runners()) {
    if (process.arch === 'x64') {
      it(`calls that are denied do not get through: ${name}`, (test) => {
        const user = runnerOf(test, make)
        const { stdout, stderr } = contained(test, user, ['/usr/bin/python3', '-c', PROBE])
        const { clone3, x32, vsock, inet, 'unshare files': files, getppid, ...others } = JSON.parse(stdout || stderr) as Record<string, number | string>
        assert.deepEqual([clone3, x32, vsock, inet, files, getppid], [38, 1, 97, 'ok', 'ok', 'ok'])
        assert.deepEqual(Object.entries(others).filter(([, error]) => error !== 1), [])
        // Without the filter most of them fail otherwise or not at all, so the kernel's own refusals are not what was seen.
        const open = JSON.parse(contained(test, user, ['/usr/bin/python3', '-c', PROBE.replace("'clone': (56, 0x10000011), ", '')], false).stdout) as Record<string, number | string>
        assert.ok(Object.values(open).filter((error) => error !== 1).length >= 10, JSON.stringify(open))
      })
    }

    it(`Node and Python run as they do: ${name}`, (test) => {
      const user = runnerOf(test, make)
      const node = contained(test, user, [process.execPath, '-e', NODE])
      assert.equal(node.stdout, 'hi child 2\n', node.stderr)
      const python = contained(test, user, ['/usr/bin/python3', '-c', PYTHON])
      assert.equal(python.stdout.trim(), 'thread\nchild True None', python.stderr)
    })
  }

  it('a descriptor is the whole filter, and leaves no file', () => {
    const directory = mkdtempSync(join(tmpdir(), 'filter-'))
    const descriptor = openFilter(directory)
    assert.deepEqual(readdirSync(directory), [])
    rmSync(directory, { recursive: true })
    const read = execFileSync('/bin/cat', { stdio: [descriptor ?? -1, 'pipe', 'ignore'] })
    closeSync(descriptor ?? -1)
    assert.equal(read.length % 8, 0)
    assert.ok(read.length > 800)
  })
})
