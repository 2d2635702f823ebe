/** What the workflow files promise: nothing runs that is not pinned, nothing may do more than it needs, nothing of a stranger reaches a shell. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { parse } from 'yaml'

const root = new URL('../../../', import.meta.url)
const folder = new URL('.github/workflows/', root)

interface Step { readonly uses?: string, readonly run?: string, readonly with?: Readonly<Record<string, unknown>>, readonly env?: Readonly<Record<string, unknown>> }
interface Job { readonly permissions?: Readonly<Record<string, string>>, readonly 'timeout-minutes'?: number, readonly environment?: string, readonly steps: readonly Step[] }
interface Workflow { readonly on: Readonly<Record<string, unknown>>, readonly permissions?: unknown, readonly concurrency?: unknown, readonly jobs: Readonly<Record<string, Job>> }

const textOf = (name: string): string => readFileSync(new URL(name, folder), 'utf8')
const workflowOf = (name: string): Workflow => parse(textOf(name)) as Workflow
const names = readdirSync(folder)
const scripts = (JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as { scripts: Record<string, string> }).scripts

/** What a job may write, besides which nothing may be written. */
const WRITES: Readonly<Record<string, readonly string[]>> = {
  'image.yml publish': ['packages', 'id-token'],
  'codeql.yml analyze': ['security-events'],
  'scan.yml image': ['security-events']
}

it('there is a workflow for tests, images, deployments, code analysis and the daily scan', () => {
  assert.deepEqual(names.sort(), ['ci.yml', 'codeql.yml', 'deploy.yml', 'image.yml', 'scan.yml'])
})

for (const name of names) {
  describe(name, () => {
    const workflow = workflowOf(name)
    const jobs = Object.entries(workflow.jobs)
    const steps = jobs.flatMap(([, job]) => job.steps)

    it('pins every action to a commit and says which version that is', () => {
      const uses = [...textOf(name).matchAll(/^\s*(?:- )?uses: (.*)$/gm)].map(([, value = '']) => value)
      assert.equal(uses.length, steps.filter((step) => step.uses !== undefined).length)
      for (const value of uses) assert.match(value, /^[\w-]+\/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/)
    })

    it('may do nothing by itself; each job names what it may, and writes only what it is there for', () => {
      assert.deepEqual(workflow.permissions, {})
      for (const [id, { permissions }] of jobs) {
        assert.ok(permissions, id)
        assert.deepEqual(Object.entries(permissions).filter(([, level]) => level !== 'read').map(([scope]) => scope), WRITES[`${name} ${id}`] ?? [])
      }
    })

    it('never runs a stranger\'s code with its own rights, and puts no expression into a shell', () => {
      assert.ok(!('pull_request_target' in workflow.on) && !('workflow_run' in workflow.on))
      for (const { run } of steps) assert.doesNotMatch(run ?? '', /\$\{\{/)
    })

    it('ends: every job has a time limit, and runs of one kind do not pile up', () => {
      assert.ok(workflow.concurrency)
      for (const [id, job] of jobs) assert.ok((job['timeout-minutes'] ?? 1000) <= 60, id)
    })

    it('leaves no token in the checkout', () => {
      for (const step of steps.filter(({ uses }) => uses?.startsWith('actions/checkout@'))) assert.equal(step.with?.['persist-credentials'], false)
    })

    it('names commands that are there', () => {
      const text = steps.map(({ run }) => run ?? '').join('\n')
      for (const [, script = ''] of text.matchAll(/\bnpm run ([\w:-]+)/g)) assert.ok(script in scripts, script)
      for (const [path] of text.matchAll(/\bscripts\/[\w-]+/g)) assert.ok(existsSync(new URL(path, root)), path)
    })
  })
}

describe('what they add up to', () => {
  const ci = textOf('ci.yml')

  it('tests on both Nodes that a host may have, and the stack', () => {
    assert.match(ci, /node: \["24", "20"\]/)
    for (const command of ['npm test', 'npm run test:stack', 'npm audit signatures']) assert.ok(ci.includes(`run: ${command}`), command)
  })

  it('publishes a version only when it was scanned, for two machines, with bill of materials, provenance and signature', () => {
    const { publish } = workflowOf('image.yml').jobs as Record<string, Job & { needs?: string, if?: string }>
    assert.deepEqual([publish?.needs, publish?.if], ['scan', "github.ref_type == 'tag'"])
    const build = publish?.steps.find(({ uses }) => uses?.startsWith('docker/build-push-action@'))
    assert.deepEqual([build?.with?.['platforms'], build?.with?.['sbom'], build?.with?.['provenance']], ['linux/amd64,linux/arm64', true, 'mode=max'])
    assert.match(textOf('image.yml'), /cosign sign --yes/)
  })

  it('deploys by hand, to an environment, what was signed; a look that fails is somebody\'s to judge', () => {
    const { on, jobs } = workflowOf('deploy.yml')
    assert.deepEqual(Object.keys(on), ['workflow_dispatch'])
    assert.ok(jobs['deploy']?.environment)
    const text = textOf('deploy.yml')
    for (const part of ['cosign verify', 'scripts/deploy --version', 'scripts/health-check', 'StrictHostKeyChecking yes']) assert.ok(text.includes(part), part)
    // It finds full disks and old certificates too; scripts/deploy undoes itself what does not become healthy.
    assert.doesNotMatch(text, /scripts\/rollback/)
  })

  it('scans read the one list of what is let through, and each entry there says until when', () => {
    const scans = names.flatMap((name) => Object.values(workflowOf(name).jobs)).flatMap(({ steps }) => steps).filter(({ uses }) => uses?.startsWith('anchore/scan-action@'))
    assert.equal(scans.length, 2)
    for (const scan of scans) assert.deepEqual([scan.with?.['config'], scan.with?.['severity-cutoff']], ['.grype.yaml', 'high'])
    const text = readFileSync(new URL('.grype.yaml', root), 'utf8')
    const { ignore } = parse(text) as { ignore: unknown[] }
    const days = text.slice(text.indexOf('\nignore:')).match(/# .*Until \d{4}-\d\d-\d\d\./g) ?? []
    assert.equal(days.length, ignore.length)
  })

  it('dependabot looks at packages, image, stack and actions, and groups what it finds', () => {
    const { updates } = parse(readFileSync(new URL('../dependabot.yml', folder), 'utf8')) as { updates: ReadonlyArray<{ 'package-ecosystem': string, directory: string, groups?: unknown }> }
    assert.deepEqual([...new Set(updates.map((update) => update['package-ecosystem']))], ['npm', 'docker', 'docker-compose', 'github-actions'])
    for (const { directory, groups } of updates) assert.ok(groups !== undefined && existsSync(new URL(`.${directory}`, root)), directory)
  })
})
