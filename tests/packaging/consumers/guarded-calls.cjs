const { createServer } = require('node:http');
const { once } = require('node:events');

/** Makes one call of each kind through the package, and tells what came of it. */
exports.guardedCalls = async ({ createBreakwater, isBreakwaterError, resilientFetch, Registry }) => {
  const registry = new Registry();
  const breakwater = createBreakwater({ registry, incidents: false });
  const codeOf = (error) => (isBreakwaterError(error) ? error.code : String(error));

  const database = breakwater.policy('database', {
    retry: { maxRetries: 2, baseDelayMs: 1 },
    attemptTimeoutMs: 50,
    circuitBreaker: { consecutiveFailures: 3 },
  });
  const retried = await database.executeDetailed(({ attempt }) => {
    if (attempt < 3) throw new Error('not yet');
    return 'fine';
  });
  const timedOut = await database.execute(() => new Promise(() => {})).catch(codeOf);
  const turnedAway = await database.execute(() => 'never run').catch(codeOf);
  const { opened, stats } = database.circuit.breaker;
  const mirrored = [opened, stats.failures, stats.timeouts, stats.rejects];

  let requests = 0;
  const server = createServer((_request, response) => {
    requests += 1;
    response.writeHead(requests === 1 ? 503 : 200).end('answer');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  const get = resilientFetch(breakwater, { retry: { maxRetries: 1, baseDelayMs: 1 } });
  const response = await get(`http://127.0.0.1:${port}/`);
  const fetched = [response.status, await response.text(), requests];
  server.closeAllConnections();
  server.close();

  const policies = breakwater.policies.length;
  const counted = /breakwater_calls_total\{[^}]*policy="database"[^}]*outcome="success"[^}]*\} 1\b/.test(
    await registry.metrics(),
  );
  await breakwater.close();
  return {
    retried: [retried.value, retried.attempts],
    timedOut,
    turnedAway,
    mirrored,
    fetched,
    policies,
    counted,
  };
};
