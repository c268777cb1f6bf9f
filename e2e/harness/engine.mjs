// A container engine of the test's own: dockerd in the tests' network, so that --network host is where the other processes are. A system's
// own engine has another network and is left alone.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { atEnd } from './ends.mjs';
import { Process, run } from './process.mjs';
import { folder } from './shoal.mjs';
import { until } from './until.mjs';

const outside = ['-t', process.env.SHOAL_E2E_OUTSIDE, '-m']; // for nsenter: in the tests' network, with the machine's mounts
const found = (program) => ['/usr/local/sbin', '/usr/sbin', '/sbin', '/usr/local/bin', '/usr/bin'].some((at) => existsSync(join(at, program)));

/** Why there can be no engine here; '' if there can. */
export async function without() {
  const missing = ['dockerd', 'docker', 'nsenter'].filter((program) => !found(program));
  if (missing.length > 0) return `${missing.join(' and ')} missing: a container engine is needed (Debian: apt install docker.io)`;
  const { code } = await run('nsenter', 'nsenter', [...outside, 'true']);
  return code === 0 ? '' : 'an engine can be started by root alone';
}

/** Starts an engine, which ends with the test and all its containers. */
export async function engine(t) {
  const at = folder('engine');
  const socket = `unix://${join(at, 'sock')}`;
  const docker = (args, options) => run('docker', 'docker', ['-H', socket, ...args], options);
  // `ip netns exec` shows /sys anew, without the control groups that lie in it: the engine sees the machine's.
  const daemon = new Process('dockerd', 'nsenter', [...outside, 'dockerd', '--iptables=false', '--ip6tables=false', '--bridge=none',
    '--data-root', join(at, 'data'), '--exec-root', join(at, 'exec'), '-p', join(at, 'pid'), '-H', socket]);
  atEnd(t, async () => {
    await daemon.end('SIGTERM', 20);
    await run('umount', 'nsenter', [...outside, 'umount', '-l', join(at, 'exec', 'netns', 'default')]); // it leaves that behind
  });
  await daemon.line(/API listen on/, 60);

  /** Runs docker, which must succeed, and returns what it said. */
  const must = async (...args) => {
    const { code, output } = await docker(args, { seconds: 120 });
    assert.equal(code, 0, `docker ${args.join(' ')}: ${output}`);
    return output.trim();
  };

  /** Starts a container as docker-compose.yml does, in the tests' network: {exec, stop}. */
  const start = async (name, command, { env = {}, mounts = [] } = {}) => {
    await must('run', '-d', '--name', name, '--network', 'host', '--read-only', '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges',
      ...Object.entries(env).flatMap(([key, value]) => ['-e', `${key}=${value}`]), ...mounts.flatMap((mount) => ['-v', mount]), 'shoal', command);
    atEnd(t, () => docker(['rm', '-f', '-v', name]));
    return {
      name,
      exec: (...args) => must('exec', name, '/shoal', ...args),
      healthy: (seconds = 40) => until(`${name} to be healthy`, async () => {
        const state = await must('inspect', '-f', '{{.State.Status}} {{.State.Health.Status}}', name);
        if (state.startsWith('exited')) throw new Error((await docker(['logs', name])).output);
        return state === 'running healthy';
      }, { seconds, every: 500 }),
      /** Stops it as the engine does, and returns its status. */
      stop: async () => {
        await must('stop', '-t', '15', name);
        return Number(await must('inspect', '-f', '{{.State.ExitCode}}', name));
      },
    };
  };
  const build = async (context) => {
    // The classic builder: the other one is a plugin that not every client has.
    const { code, output } = await run('docker-build', 'env', ['DOCKER_BUILDKIT=0', 'docker', '-H', socket, 'build', '-t', 'shoal', context], { seconds: 180 });
    assert.equal(code, 0, output);
  };
  return { build, must, start };
}
