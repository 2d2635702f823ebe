import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ENVIRONMENT } from '../../config/index.ts'
import { gatewayFile } from '../../config/schema/gateway-file.ts'
import { serverEntry } from '../../config/schema/server-entry.ts'

/** Deployments hold on to these names: adding is welcome, renaming and removing break them. */
describe('names that keep their meaning', () => {
  it('environment variables', () => {
    assert.deepEqual(Object.keys(ENVIRONMENT).sort(), [
      'DRAWBRIDGE_CONFIG', 'DRAWBRIDGE_MANAGEMENT_HOST', 'DRAWBRIDGE_MANAGEMENT_PORT', 'DRAWBRIDGE_MANAGEMENT_TOKEN', 'DRAWBRIDGE_MODE',
      'DRAWBRIDGE_PACKAGES', 'DRAWBRIDGE_REPLICA', 'DRAWBRIDGE_REPLICA_ADVERTISE', 'DRAWBRIDGE_REPLICA_HOST', 'DRAWBRIDGE_REPLICA_PORT', 'DRAWBRIDGE_SECRET', 'DRAWBRIDGE_STATE_DIR', 'HOST', 'LOG_LEVEL', 'PORT', 'REDIS_URL'
    ])
  })

  it('top-level keys', () => {
    assert.deepEqual(Object.keys(gatewayFile.properties).sort(), [
      '$schema', 'allowPrivateNetwork', 'audit', 'auth', 'breaker', 'cache', 'drainLeadMs', 'drainMs', 'globalShortcut', 'http', 'include', 'inputs',
      'isDxtAutoUpdatesEnabled', 'isUsingBuiltInNodeForMcp', 'limits', 'listen', 'logLevel', 'management', 'mcpServers', 'mode', 'policy',
      'pool', 'preferences', 'processes', 'redis', 'replica', 'retries', 'roles', 'servers', 'sessions', 'stateDir', 'tenants'
    ])
  })

  it('keys of a server entry', () => {
    assert.deepEqual(Object.keys(serverEntry.properties).sort(), [
      'allowPrivateNetwork', 'allowScripts', 'args', 'auth', 'breaker', 'cache', 'cancelOnDisconnect', 'capabilities', 'command', 'concurrentCalls', 'concurrentCallsPerTenant', 'cwd',
      'disabled', 'enabled', 'env', 'era', 'headers', 'interactive', 'isolation', 'maxTimeoutMs', 'pool', 'prompts', 'resources', 'retries',
      'roots', 'sandbox', 'startTimeoutMs', 'stateless', 'timeoutMs', 'tls', 'tools', 'transport', 'transportType', 'type', 'url', 'validateArguments'
    ])
  })

  it('keys and values of an upstream server', () => {
    const { tls, era, allowPrivateNetwork } = serverEntry.properties
    assert.deepEqual(Object.keys(tls.properties).sort(), ['caFile', 'certFile', 'keyFile', 'servername'])
    assert.deepEqual([era, allowPrivateNetwork].map((key) => (key as { enum?: readonly string[], default?: unknown })).map((key) => [key.enum, key.default]), [[['auto', 'legacy', 'modern'], 'auto'], [undefined, false]])
  })

  it('keys of tenants, credentials, limits, sessions, pool and http', () => {
    const { tenants, auth, limits, sessions, pool, http } = gatewayFile.properties
    const names = (node: { properties: object }) => Object.keys(node.properties).sort()
    assert.deepEqual(names((tenants as unknown as { additionalProperties: { properties: object } }).additionalProperties), ['limits', 'prompts', 'resources', 'roles', 'rules', 'servers', 'tools'])
    assert.deepEqual(names(auth.properties.apiKeys.items), ['callsPerMinute', 'id', 'roles', 'scopes', 'sha256', 'tenant', 'user'])
    assert.deepEqual(names(auth.properties.jwt.items), ['algorithms', 'allowPrivateNetwork', 'atJwtOnly', 'audience', 'issuer', 'jwksUri', 'rolesClaim', 'scopeClaim', 'secretEnv', 'sharedUsers', 'tenant', 'tenantClaim', 'tenants', 'tls', 'userClaim', 'userPrefix'])
    assert.deepEqual(names((gatewayFile.properties.roles as unknown as { additionalProperties: { properties: object } }).additionalProperties), ['prompts', 'resources', 'rules', 'scopes', 'servers', 'tools'])
    assert.deepEqual(names(gatewayFile.properties.policy.properties.hook), ['allowPrivateNetwork', 'headers', 'maxConcurrent', 'sendArguments', 'timeoutMs', 'tls', 'url', 'whenAway'])
    assert.deepEqual(names(auth.properties.oauth), ['authorizationServers', 'resource'])
    assert.deepEqual(names(limits), ['callsPerDay', 'callsPerMinute', 'callsPerMonth', 'concurrentCalls', 'initializePerMinute', 'ipRequestsPerMinute', 'requestsPerMinute', 'totalConcurrentCalls'])
    assert.deepEqual(names(sessions), ['idleMs', 'maxPerUser'])
    assert.deepEqual(names(pool), ['maxStarting', 'maxWorkers', 'maxWorkersPerTenant', 'maxWorkersPerUser'])
    assert.deepEqual(names(http), ['allowedHosts', 'allowedOrigins', 'maxBodyBytes', 'publicUrl', 'trustedProxies'])
  })
})
