import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { findProgram } from './find-program.ts'
import { packageFault } from './package-fault.ts'
import { runTool } from './run-tool.ts'
import type { ToolRun } from './run-tool.ts'

/** What a Python install is made with. */
export interface PythonTools extends Pick<ToolRun, 'env' | 'signal'> {
  /** Path of uv, where there is one; else pip does it. */
  readonly uv?: string
  /** Interpreter as the entry asked for it: a version or a path. Absent = the default. */
  readonly python?: string
}

/** The Python that a virtual environment stands on. */
export interface PythonHome {
  /** `cpython-3.11` */
  readonly version: string
  readonly prefix: string
}

/** `pip --python` and `--report` are there from here on. */
const OLDEST_PIP = [22, 3] as const

/** uv if it is on the path of the tools, else pip. */
export function findPythonTools (tools: Pick<ToolRun, 'env' | 'signal'>, python: string | undefined): PythonTools {
  const uv = findProgram('uv', tools.env['PATH'] ?? '')
  return { ...tools, ...(uv === undefined ? {} : { uv }), ...(python === undefined ? {} : { python }) }
}

/** The interpreter by which pip works: `3.12` is python3.12. */
function interpreter ({ python = 'python3' }: PythonTools): string {
  return /^\d/.test(python) ? `python${python}` : python
}

/** Runs pip, the interpreter's own or, where that is missing or too old, one of an environment that goes again. */
export async function runPip (tools: PythonTools, args: readonly string[], scratch: string): Promise<void> {
  const { env, signal } = tools
  const own = interpreter(tools)
  if (await isNewPip(own, scratch, tools)) {
    await runTool({ command: own, args: ['-m', 'pip', ...args], cwd: scratch, env, signal })
    return
  }
  const lent = await mkdtemp(join(scratch, '.resolve-'))
  try {
    const command = join(lent, 'bin', 'python')
    await runTool({ command: own, args: ['-m', 'venv', lent], cwd: scratch, env, signal })
    if (!await isNewPip(command, scratch, tools)) throw packageFault(`Python packages need uv, or ${own} with pip ${OLDEST_PIP.join('.')} or newer: install uv (https://docs.astral.sh/uv)`)
    await runTool({ command, args: ['-m', 'pip', ...args], cwd: scratch, env, signal })
  } finally {
    await rm(lent, { recursive: true, force: true })
  }
}

async function isNewPip (python: string, cwd: string, { env, signal }: PythonTools): Promise<boolean> {
  const said = await runTool({ command: python, args: ['-m', 'pip', '--version'], cwd, env, signal }).catch(() => '')
  const [, major = '0', minor = '0'] = /^pip (\d+)\.(\d+)/.exec(said) ?? []
  return Number(major) > OLDEST_PIP[0] || (Number(major) === OLDEST_PIP[0] && Number(minor) >= OLDEST_PIP[1])
}

/** Makes an empty virtual environment, without pip in it. */
export async function createVenv (tools: PythonTools, tree: string): Promise<PythonHome> {
  const { env, signal } = tools
  await mkdir(tree, { recursive: true })
  if (tools.uv === undefined) await runTool({ command: interpreter(tools), args: ['-m', 'venv', '--without-pip', tree], cwd: tree, env, signal })
  else await runTool({ command: tools.uv, args: ['venv', '--quiet', '--allow-existing', '--no-project', ...tools.python === undefined ? [] : ['--python', tools.python], tree], cwd: tree, env, signal })
  const said = await runTool({ command: join(tree, 'bin', 'python'), args: ['-I', '-B', '-c', 'import sys; print(sys.implementation.name, "%d.%d" % sys.version_info[:2], sys.base_prefix, sep="\\n")'], cwd: tree, env, signal })
  const [name = '', version = '', prefix = ''] = said.trim().split('\n')
  return { version: `${name}-${version}`, prefix }
}
