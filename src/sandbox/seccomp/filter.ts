import { ALLOW, BpfProgram, failWith, KILL_PROCESS } from './bpf-program.ts'
import { CLONE, CLONE3, DENIED, IOCTL, SOCKET, SOCKETPAIR, UNSHARE } from './system-calls.ts'
import type { SystemCall } from './system-calls.ts'

/** Machines that there is a filter for, as `process.arch` names them. */
export type FilteredArch = 'x64' | 'arm64'

/** `struct seccomp_data` of linux/seccomp.h; arguments have 64 bits, of which the lower half comes first. */
const AT_NUMBER = 0
const AT_ARCH = 4
const AT_FIRST_ARGUMENT = 16
const AT_SECOND_ARGUMENT = 24

/** linux/audit.h */
const AUDIT_ARCH = { x64: 0xc000003e, arm64: 0xc00000b7 } as const
/** Calls of x86_64 with 32-bit pointers have numbers of their own from here on. */
const X32_CALLS = 0x40000000

const EPERM = 1
const ENOSYS = 38
const EAFNOSUPPORT = 97

/** linux/sched.h: new mount, cgroup, UTS, IPC, user, pid and network namespaces. */
const NAMESPACE_FLAGS = 0x7e020000
/** linux/sched.h CLONE_NEWTIME; in clone(2) these bits are the exit signal. */
const TIME_NAMESPACE = 0x80
/** asm-generic/ioctls.h TIOCSTI and TIOCLINUX: typing on the terminal of whoever started the gateway. */
const TERMINAL_INPUT = [0x5412, 0x541c]
/** linux/socket.h: unix, IPv4, IPv6, netlink. Among the others are some that network namespaces do not divide: vsock leads to the hypervisor (T42). */
const SOCKET_FAMILIES = [1, 2, 10, 16]

/**
 * The seccomp filter of contained workers, as bytes for `bwrap --seccomp`: everything is allowed but what reaches past the
 * sandbox (T40, T42). Calls of another architecture end the process, since their numbers mean something else.
 * Not caught: what a call's pointers lead to, which a filter cannot read; clone3 has its flags there and is said not to
 * exist, after which C libraries use clone.
 */
export function seccompFilter (arch: FilteredArch): Buffer {
  const number = (call: SystemCall): number => call[arch] ?? -1
  const program = new BpfProgram()
  program.load(AT_ARCH).ifNotEqual(AUDIT_ARCH[arch], KILL_PROCESS).load(AT_NUMBER)
  if (arch === 'x64') program.ifAtLeast(X32_CALLS, failWith(EPERM))
  for (const call of DENIED) if (call[arch] !== undefined) program.ifEqual(number(call), failWith(EPERM))
  return program
    .ifEqual(number(CLONE3), failWith(ENOSYS))
    .whenEqual(number(CLONE), (flags) => flags.load(AT_FIRST_ARGUMENT).ifAnyBit(NAMESPACE_FLAGS, failWith(EPERM)).always(ALLOW))
    .whenEqual(number(UNSHARE), (flags) => flags.load(AT_FIRST_ARGUMENT).ifAnyBit(NAMESPACE_FLAGS | TIME_NAMESPACE, failWith(EPERM)).always(ALLOW))
    .whenEqual(number(IOCTL), (request) => {
      request.load(AT_SECOND_ARGUMENT)
      for (const value of TERMINAL_INPUT) request.ifEqual(value, failWith(EPERM))
      request.always(ALLOW)
    })
    .whenEqual(number(SOCKET), onlyKnownFamilies)
    .whenEqual(number(SOCKETPAIR), onlyKnownFamilies)
    .always(ALLOW)
    .assemble()
}

function onlyKnownFamilies (program: BpfProgram): void {
  program.load(AT_FIRST_ARGUMENT)
  for (const family of SOCKET_FAMILIES) program.ifEqual(family, ALLOW)
  program.always(failWith(EAFNOSUPPORT))
}
