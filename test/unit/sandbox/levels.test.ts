import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { chooseLevel } from '../../../src/sandbox/choose-level.ts'
import { describeSupport } from '../../../src/sandbox/index.ts'
import { whyNoNamespace } from '../../../src/sandbox/why-no-namespace.ts'
import type { SandboxSettings } from '../../../src/shared/settings/sandbox.ts'
import { HOSTS, reasonOf, requestIn, folderWith } from './sandbox-parts.ts'

describe('the level of a worker (rulings 1)', () => {
  const choose = (folder: string, level: SandboxSettings['level'], host: keyof typeof HOSTS, mode: 'development' | 'production' = 'development', command = 'node') => {
    const settings = { level, network: 'none', pids: 64, readOnly: [], writable: [] } as const
    return chooseLevel(requestIn(folder, { command, settings }), HOSTS[host], mode)
  }

  it('auto is the strongest that the host gives', (t) => {
    const folder = folderWith(t, [])
    assert.deepEqual((['strong', 'weak', 'bare'] as const).map((host) => choose(folder, 'auto', host)), ['namespace', 'process', 'none'])
  })

  it('in production auto is namespace or nothing; a lower level holds if the entry names it', (t) => {
    const folder = folderWith(t, [])
    assert.equal(choose(folder, 'auto', 'strong', 'production'), 'namespace')
    const reason = reasonOf(() => choose(folder, 'auto', 'weak', 'production'))
    assert.match(reason, /^mcpServers\.srv\.sandbox: .*production.*unless sandbox\.level names it: bubblewrap is not installed\. To change that: apt install bubblewrap$/)
    for (const level of ['none', 'process'] as const) assert.equal(choose(folder, level, 'weak', 'production'), level)
  })

  it('in development auto leaves a command alone that fetches what it runs; a named level does not, nor does production', (t) => {
    const folder = folderWith(t, [])
    const level = (named: SandboxSettings['level'], mode: 'development' | 'production') =>
      chooseLevel(requestIn(folder, { command: 'npx', fetches: true, settings: { level: named, network: 'none', pids: 64, readOnly: [], writable: [] } }), HOSTS.strong, mode)
    assert.deepEqual([level('auto', 'development'), level('namespace', 'development'), level('auto', 'production')], ['none', 'namespace', 'namespace'])
  })

  it('a named level that the host cannot give is refused, with what to do', (t) => {
    const folder = folderWith(t, [])
    assert.match(reasonOf(() => choose(folder, 'namespace', 'weak')), /level "namespace" cannot be had on this host: bubblewrap is not installed\. To change that: apt install bubblewrap/)
    assert.match(reasonOf(() => choose(folder, 'process', 'bare')), /setpriv is not installed/)
  })

  it('docker is contained by what it starts, and by nothing that keeps it from its daemon', (t) => {
    const folder = folderWith(t, [])
    assert.equal(choose(folder, 'auto', 'bare', 'production', '/usr/bin/docker'), 'container')
    assert.equal(choose(folder, 'none', 'strong', 'development', 'podman'), 'none')
    assert.match(reasonOf(() => choose(folder, 'namespace', 'strong', 'development', 'docker')), /keeps docker from its daemon/)
  })

  it('is told in words', () => {
    assert.match(describeSupport(HOSTS.strong), /namespaces of their own .*under the gateway's user id; limits in words/)
    assert.match(describeSupport(HOSTS.weak), /nothing separates their files and their network/)
    assert.match(describeSupport(HOSTS.bare), /not contained at all/)
  })
})

describe('why there are no namespaces', () => {
  const fix = (complaint: string, by: 'root' | 'user' = 'user', switches: Record<string, string> = {}): string => whyNoNamespace(complaint, by, (file) => switches[file]).fix

  it('names the switch of the kernel that forbids them', () => {
    const complaint = 'bwrap: No permissions to create new namespace, likely because the kernel does not allow non-privileged user namespaces.'
    assert.equal(fix(complaint, 'user', { '/proc/sys/kernel/unprivileged_userns_clone': '0' }), 'sysctl kernel.unprivileged_userns_clone=1')
    assert.equal(fix('bwrap: setting up uid map: Permission denied', 'user', { '/proc/sys/kernel/apparmor_restrict_unprivileged_userns': '1' }), 'sysctl kernel.apparmor_restrict_unprivileged_userns=0')
    assert.match(fix(complaint), /user namespaces|seccomp profile/)
  })

  it('names the option of the container that is missing, by how the kernel refuses', () => {
    const inside = (complaint: string, by: 'root' | 'user' = 'user', switches: Record<string, string> = {}): string => whyNoNamespace(complaint, by, (file) => switches[file], true).fix
    assert.match(inside('bwrap: Can\'t mount proc on /newroot/proc: Operation not permitted'), /systempaths=unconfined/)
    assert.match(inside('bwrap: No permissions to create new namespace, likely because the kernel does not allow non-privileged user namespaces.'), /seccomp=deploy\/seccomp\.json/)
    assert.match(inside('bwrap: Failed to make / slave: Operation not permitted'), /seccomp=deploy\/seccomp\.json/)
    assert.match(inside('bwrap: Failed to make / slave: Permission denied'), /apparmor=unconfined/)
    assert.match(inside('bwrap: Failed to make / slave: Operation not permitted', 'root'), /ordinary user/)
    assert.equal(inside('bwrap: setting up uid map: Permission denied', 'user', { '/proc/sys/kernel/apparmor_restrict_unprivileged_userns': '1' }), 'sysctl kernel.apparmor_restrict_unprivileged_userns=0')
  })

  it('knows a masked /proc, an old bubblewrap, and root without its rights', () => {
    assert.match(fix('bwrap: Can\'t mount proc on /newroot/proc: Operation not permitted'), /systempaths=unconfined|unmount/)
    assert.match(fix('bwrap: Unknown option --size'), /bubblewrap 0\.8/)
    assert.match(fix('bwrap: Creating new namespace failed: Operation not permitted', 'root'), /CAP_SYS_ADMIN/)
    assert.match(whyNoNamespace('bwrap: out of luck', 'user').why, /^bubblewrap cannot make namespaces here: out of luck$/)
  })
})
