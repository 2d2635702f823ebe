import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { COMMANDS } from '../../../src/cli/run-cli.ts'
import { run } from './io.ts'

describe('the command line', () => {
  it('help names every command, in all its spellings and without arguments', async () => {
    const help = await run(['help'])
    assert.equal(help.code, 0)
    for (const { name, summary } of COMMANDS) assert.ok(help.stdout.includes(`  ${name}`) && help.stdout.includes(summary.slice(0, 30)), name)
    for (const argv of [[], ['--help'], ['-h']]) assert.deepEqual(await run(argv), help)
  })

  for (const command of COMMANDS) {
    it(`${command.name} --help has usage, every option with its default, and an example`, async () => {
      const words = command.name.split(' ')
      const help = await run([...words, '--help'])
      assert.equal(help.code, 0)
      assert.equal(help.stderr, '')
      assert.ok(help.stdout.includes(`Usage: drawbridge ${command.name}`))
      const flat = help.stdout.replace(/\s+/g, ' ')
      for (const [name, spec] of Object.entries(command.options)) {
        assert.ok(flat.includes(`--${name}`) && flat.includes(spec.help), name)
        if (spec.default !== undefined) assert.ok(flat.includes(`Default: ${spec.default}.`), `${name} without its default`)
      }
      for (const example of command.examples) assert.ok(help.stdout.includes(`  ${example}\n`))
      assert.ok(command.examples.length > 0 && command.examples.every((example) => example.includes(`drawbridge ${command.name}`)))
      for (const line of help.stdout.split('\n')) assert.ok(line.length <= 120, `too wide: ${line}`)
      assert.deepEqual(await run([...words, '-h']), help)
      assert.deepEqual(await run(['help', ...words]), help)
    })
  }

  it('what is not understood is one line on stderr and exit code 2', async () => {
    const cases: [string[], RegExp][] = [
      [['chek'], /^drawbridge: unknown command "chek"; did you mean check\? \(see drawbridge help\)\n$/],
      [['zzz'], /^drawbridge: unknown command "zzz" \(see drawbridge help\)\n$/],
      [['help', 'zzz'], /unknown command "zzz"/],
      [['keys'], /^drawbridge keys: expected drawbridge keys create/],
      [['keys', 'delete'], /^drawbridge keys: expected drawbridge keys create/],
      [['serve', '--prot', '1'], /^drawbridge serve: unknown option --prot; did you mean --port\?/],
      [['serve', '-x'], /^drawbridge serve: unknown option -x/],
      [['serve', '--no-port'], /unknown option --no-port/],
      [['serve', '--port'], /^drawbridge serve: option --port needs a value: --port PORT/],
      [['serve', '--port='], /option --port needs a value/],
      [['serve', '--port', '1', '--port', '2'], /option --port was given twice/],
      [['serve', '--warm=yes'], /option --warm takes no value/],
      [['serve', 'gateway.yaml'], /^drawbridge serve: unexpected argument "gateway\.yaml"/],
      [['import'], /^drawbridge import: expected at least 1 FILE/],
      [['keys', 'create', '--tenant', 't'], /option --user USER is required/],
      [['check', '--toString', 'x'], /unknown option --toString/]
    ]
    for (const [argv, says] of cases) {
      const { code, stdout, stderr } = await run(argv)
      assert.equal(code, 2, argv.join(' '))
      assert.equal(stdout, '')
      assert.match(stderr, says)
      assert.equal(stderr.split('\n').length, 2, stderr)
    }
  })

  it('--version', async () => {
    for (const argv of [['--version'], ['-v']]) assert.deepEqual(await run(argv), { code: 0, stdout: '1.2.3\n', stderr: '' })
  })

  it('keys --help shows the commands below it', async () => {
    const { code, stdout } = await run(['keys', '--help'])
    assert.equal(code, 0)
    assert.match(stdout, /Usage: drawbridge keys create/)
  })
})
