/* eslint-disable no-template-curly-in-string */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { faultsOf, folderWith, oneServer, settingsOf } from './load.ts'

async function argOf (text: string, env: Record<string, string>): Promise<string | undefined> {
  return (await settingsOf(oneServer({ args: [text] }), { env })).servers.get('one' as never)?.args[0]
}

describe('expansion of ${NAME}', () => {
  it('knows ${X}, ${env:X} and ${X:-default}', async () => {
    assert.equal(await argOf('a-${X}-${env:Y}-${Z:-d e}-b', { X: '1', Y: '2' }), 'a-1-2-d e-b')
    assert.equal(await argOf('${X:-default}', { X: '' }), 'default')
    assert.equal(await argOf('[${X}]', { X: '' }), '[]')
    assert.equal(await argOf('$X $(touch x) ${X', { X: '1' }), '$X $(touch x) ${X')
  })

  it('T56: a value is never expanded again, nor is a default', async () => {
    assert.equal(await argOf('${A}', { A: '${B}', B: 'leaked' }), '${B}')
    assert.equal(await argOf('${A}${B}', { A: '${', B: 'HOME}' }), '${HOME}')
    assert.equal(await argOf('${A}', { A: '$&$1{tenant}' }), '$&$1{tenant}')
  })

  it('an unset name is a fault that names key and variable', async () => {
    const faults = await faultsOf(oneServer({ args: ['x', '${NOPE}'], env: { A: '${NOPE2} ${NOPE3}' } }))
    assert.deepEqual(faults.map(({ key }) => key), ['mcpServers.one.args[1]', 'mcpServers.one.env.A', 'mcpServers.one.env.A'])
    assert.match(faults[0]?.message ?? '', /NOPE is not set \(nor NOPE_FILE\)/)
    assert.match(faults[2]?.message ?? '', /NOPE3/)
  })

  it('editor variables and unknown forms are faults', async () => {
    const faults = await faultsOf(oneServer({ args: ['${input:key}', '${workspaceFolder}', '${a b}', '${}'] }))
    assert.deepEqual(faults.map(({ key }) => key), [0, 1, 2, 3].map((index) => `mcpServers.one.args[${index}]`))
    assert.match(faults[0]?.message ?? '', /asks the user of an editor/)
    assert.match(faults[1]?.message ?? '', /known to editors only/)
    assert.match(faults[2]?.message ?? '', /expected \$\{NAME\}/)
  })

  it('<NAME>_FILE stands in for NAME; one line break at the end is cut', async (test) => {
    const folder = folderWith(test, { token: 's3\n\n' })
    assert.equal(await argOf('${T}', { T_FILE: `${folder}/token` }), 's3\n')
    const both = await faultsOf(oneServer({ args: ['${T}'] }), { env: { T: 'x', T_FILE: `${folder}/token` } })
    assert.match(both[0]?.message ?? '', /both T and T_FILE are set/)
    const unreadable = await faultsOf(oneServer({ args: ['${T}'] }), { env: { T_FILE: `${folder}/none` } })
    assert.match(unreadable[0]?.message ?? '', /the file that T_FILE names cannot be read \(ENOENT\)/)
  })

  it('is checked after expansion', async () => {
    const faults = await faultsOf(oneServer({}, { http: { publicUrl: '${URL}' } }), { env: { URL: 'ftp://x' } })
    assert.equal(faults[0]?.key, 'http.publicUrl')
  })

  it('a secret on a command line is warned of; in env, or a path in args, is not (T41)', async () => {
    const { warnings } = await settingsOf(oneServer({ args: ['--header', 'X: ${CRM_TOKEN}', '${HOME}/x', '${API_KEY:-hidden}'], env: { TOKEN: '${CRM_TOKEN}' } }), { env: { CRM_TOKEN: 'hidden', HOME: '/home/x' } })
    assert.deepEqual(warnings.map((line) => line.split(' ends up')[0]), ['mcpServers.one.args[1]: ${CRM_TOKEN}', 'mcpServers.one.args[3]: ${API_KEY}'])
    assert.doesNotMatch(warnings.join(), /hidden/)
  })

  it('disabled servers need no variables', async () => {
    const settings = await settingsOf({ mcpServers: { on: { command: 'x' }, off: { command: '${NOPE}', enabled: false } } })
    assert.deepEqual([...settings.servers.keys()], ['on'])
  })
})
