import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { ALLOWED, BLOCKED } from './docker-default-calls.ts'

interface Rule {
  readonly names: readonly string[]
  readonly action: string
  readonly errnoRet?: number
  readonly args?: ReadonlyArray<{ readonly index: number, readonly value: number, readonly op: string }>
  readonly includes?: Readonly<Record<string, unknown>>
  readonly excludes?: Readonly<Record<string, unknown>>
}

/** What bubblewrap, unshare and nsenter need; docs/workers.md says what happens without each. */
const WIDENED = ['clone', 'mount', 'pivot_root', 'sethostname', 'setns', 'umount2', 'unshare']

const profile = JSON.parse(readFileSync(new URL('../../../deploy/seccomp.json', import.meta.url), 'utf8')) as { readonly defaultAction: string, readonly archMap: ReadonlyArray<{ readonly architecture: string }>, readonly syscalls: readonly Rule[] }
const allowing = profile.syscalls.filter(({ action }) => action === 'SCMP_ACT_ALLOW')
const plain = allowing.filter(({ args, includes, excludes }) => args === undefined && includes === undefined && excludes === undefined)

test('what is not named is refused, on the two machines that the image is built for', () => {
  assert.equal(profile.defaultAction, 'SCMP_ACT_ERRNO')
  assert.deepEqual(profile.archMap.map(({ architecture }) => architecture), ['SCMP_ARCH_X86_64', 'SCMP_ARCH_AARCH64'])
})

test('the difference from Docker\'s own profile is what containment needs, and nothing else', () => {
  const known = new Set(ALLOWED)
  const names = plain.flatMap((rule) => rule.names)
  assert.deepEqual(names.filter((name) => !known.has(name)).sort(), WIDENED)
  assert.deepEqual(ALLOWED.filter((name) => !names.includes(name)), [])
  assert.equal(new Set(names).size, names.length)
})

test('nothing that Docker documents as blocked is allowed besides', () => {
  const names = allowing.flatMap((rule) => rule.names)
  assert.deepEqual(BLOCKED.filter((name) => names.includes(name)).sort(), WIDENED.filter((name) => BLOCKED.includes(name)))
})

test('rules with conditions are Docker\'s: by argument, machine and kernel, none by a capability', () => {
  const conditions = allowing.filter((rule) => !plain.includes(rule)).map(({ names, args = [], includes = {}, excludes }) => {
    assert.equal(excludes, undefined)
    return [names.join(' '), ...args.map(({ index, value, op }) => `${index} ${op} ${value}`), ...Object.entries(includes).map(([name, value]) => `${name} ${String(value)}`)].join(', ')
  })
  assert.deepEqual(conditions, [
    'process_vm_readv process_vm_writev ptrace, minKernel 4.8',
    'socket, 0 SCMP_CMP_NE 40',
    ...[0, 8, 0x20000, 0x20008, 0xffffffff].map((value) => `personality, 0 SCMP_CMP_EQ ${value}`),
    'arch_prctl modify_ldt, arches amd64',
    'arm_fadvise64_64 arm_sync_file_range breakpoint cacheflush set_tls sync_file_range2, arches arm64'
  ])
})

test('clone3 is answered as if the kernel had none, so that C libraries use clone', () => {
  assert.deepEqual(profile.syscalls.filter(({ action }) => action !== 'SCMP_ACT_ALLOW').map(({ names, action, errnoRet }) => ({ names, action, errnoRet })), [{ names: ['clone3'], action: 'SCMP_ACT_ERRNO', errnoRet: 38 }])
})
