import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { seccompFilter } from '../../../../src/sandbox/seccomp/filter.ts'
import { runFilter } from './bpf-machine.ts'

const ALLOW = 0x7fff0000
const KILL = 0x80000000
const [EPERM, ENOSYS, EAFNOSUPPORT] = [0x50001, 0x50026, 0x50061]
const MACHINES = { x64: 0xc000003e, arm64: 0xc00000b7 } as const

/** Numbers from the kernel's own tables, written down here a second time: name, x86_64, aarch64. */
const DENIED: ReadonlyArray<readonly [string, number | undefined, number | undefined]> = [
  ['mount', 165, 40], ['umount2', 166, 39], ['pivot_root', 155, 41], ['chroot', 161, 51], ['move_mount', 429, 429], ['fsopen', 430, 430], ['mount_setattr', 442, 442],
  ['open_by_handle_at', 304, 265], ['name_to_handle_at', 303, 264], ['ptrace', 101, 117], ['process_vm_readv', 310, 270], ['process_vm_writev', 311, 271],
  ['pidfd_getfd', 438, 438], ['setns', 308, 268], ['init_module', 175, 105], ['finit_module', 313, 273], ['delete_module', 176, 106], ['kexec_load', 246, 104],
  ['kexec_file_load', 320, 294], ['bpf', 321, 280], ['perf_event_open', 298, 241], ['userfaultfd', 323, 282], ['io_uring_setup', 425, 425], ['io_uring_enter', 426, 426],
  ['io_uring_register', 427, 427], ['add_key', 248, 217], ['request_key', 249, 218], ['keyctl', 250, 219], ['reboot', 169, 142], ['swapon', 167, 224],
  ['settimeofday', 164, 170], ['clock_settime', 227, 112], ['sethostname', 170, 161], ['syslog', 103, 116], ['acct', 163, 89], ['quotactl', 179, 60], ['iopl', 172, undefined]
]
const ALLOWED: ReadonlyArray<readonly [string, number, number]> = [
  ['read', 0, 63], ['openat', 257, 56], ['mmap', 9, 222], ['execve', 59, 221], ['getrandom', 318, 278], ['futex', 202, 98], ['connect', 42, 203], ['kill', 62, 129],
  ['seccomp', 317, 277], ['prctl', 157, 167], ['memfd_create', 319, 279], ['pidfd_open', 434, 434], ['openat2', 437, 437], ['landlock_create_ruleset', 444, 444]
]
const CALLS = { clone: [56, 220], clone3: [435, 435], unshare: [272, 97], ioctl: [16, 29], socket: [41, 198], socketpair: [53, 199] } as const

describe('the filter of system calls, on every machine that has one (T40, T42)', () => {
  for (const [at, arch] of (['x64', 'arm64'] as const).entries()) {
    const program = seccompFilter(arch)
    const ask = (number: number, ...args: bigint[]): number => runFilter(program, { arch: MACHINES[arch], number, args })

    it(`${arch}: denies what reaches past the sandbox, and nothing that programs are made of`, () => {
      for (const [name, ...numbers] of DENIED) if (numbers[at] !== undefined) assert.equal(ask(numbers[at]), EPERM, name)
      for (const [name, ...numbers] of ALLOWED) assert.equal(ask(numbers[at] ?? -1), ALLOW, name)
    })

    it(`${arch}: looks at arguments where they decide`, () => {
      const number = (name: keyof typeof CALLS): number => CALLS[name][at] ?? -1
      assert.deepEqual([0x11n, 0x3d0f00n, 0x80n].map((flags) => ask(number('clone'), flags)), [ALLOW, ALLOW, ALLOW])
      assert.deepEqual([0x20000n, 0x10000011n, 0x40000000n, 0x2000000n, 0x20000000n].map((flags) => ask(number('clone'), flags)), Array(5).fill(EPERM))
      // Bits that the kernel does not look at hide nothing.
      assert.equal(ask(number('clone'), 0xffffffff10000000n), EPERM)
      assert.deepEqual([ask(number('unshare'), 0x400n), ask(number('unshare'), 0x10000000n), ask(number('unshare'), 0x80n)], [ALLOW, EPERM, EPERM])
      assert.equal(ask(number('clone3')), ENOSYS)
      assert.deepEqual([0x5412n, 0xdeadbeef00005412n, 0x541cn, 0x5413n].map((request) => ask(number('ioctl'), 0n, request)), [EPERM, EPERM, EPERM, ALLOW])
      for (const call of ['socket', 'socketpair'] as const) {
        assert.deepEqual([1n, 2n, 10n, 16n].map((family) => ask(number(call), family)), Array(4).fill(ALLOW))
        assert.deepEqual([40n, 38n, 17n, 31n, 0n].map((family) => ask(number(call), family)), Array(5).fill(EAFNOSUPPORT))
      }
    })

    it(`${arch}: ends a process that calls as another machine`, () => {
      for (const other of [0x40000003, MACHINES[arch === 'x64' ? 'arm64' : 'x64'], 0]) assert.equal(runFilter(program, { arch: other, number: 0 }), KILL)
    })
  }

  it('x64: calls with 32-bit pointers are denied', () => {
    for (const number of [0x40000000, 0x40000000 + 39, 0x40000000 + 520]) assert.equal(runFilter(seccompFilter('x64'), { arch: MACHINES.x64, number }), EPERM)
  })
})
