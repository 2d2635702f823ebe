import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { RunningGateway } from './running-gateway.ts'
import { startMembers } from './src/processes/index.ts'
import type { Settings } from './src/shared/settings.ts'
import { createLogger } from './src/telemetry/index.ts'

const PROGRAM = fileURLToPath(new URL('./member-process.ts', import.meta.url))

/** Starts the processes of a gateway and serves nothing itself: it deals out connections, and starts what ends by itself again. */
export async function servePrimary (settings: Settings): Promise<RunningGateway> {
  const logger = createLogger({ level: settings.logLevel, onDropped () {} })
  // A Unix socket's path has 107 bytes, and a state directory may lie anywhere.
  const socketDir = await mkdtemp(join(tmpdir(), 'db-'))
  const clear = async (): Promise<void> => {
    await rm(socketDir, { recursive: true, force: true })
    logger.close()
  }
  try {
    const members = await startMembers({
      settings,
      count: settings.processes,
      program: PROGRAM,
      socketDir,
      onLost: (index, reason) => logger.error({ event: 'process_lost', process: index, reason }, 'a gateway process ended by itself and is started again')
    })
    const { url, managementUrl } = members
    logger.info({ event: 'listening', url, management_url: managementUrl, mode: settings.mode, servers: settings.servers.size, processes: settings.processes }, 'listening')
    logger.flush()
    return {
      url,
      managementUrl,
      reload: members.reload,
      reloadRefused: members.reloadRefused,
      onReloadWanted: members.onReloadWanted,
      close: async (reason) => { await members.drain(reason); await clear() },
      closeNow: async () => { await members.stop(); await clear() }
    }
  } catch (thrown) {
    await clear()
    throw thrown
  }
}
