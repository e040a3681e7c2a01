// Gives the optional package @tensorflow/tfjs-node its binary, which npm leaves out since its install script is off.
//
//   npm run enable:tfjs-node                         the package's own script: downloads libtensorflow and the addon
//   npm run enable:tfjs-node -- WHEEL [DIRECTORY]    without that download: libtensorflow out of a tensorflow-cpu wheel (2.12 or
//                                                    newer, Linux), and the addon compiled against it
//
// DIRECTORY is the project whose node_modules holds the package; this one unless said. The second way needs python3, which the wheel
// came with, a C++ compiler, make, and Node's headers, which stand beside Node in Debian's libnode-dev and in the archives of Node.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, dirname, join, resolve } from 'node:path';

const [wheel, directory = '.'] = process.argv.slice(2);
const home = packageHome();
const bin = join(home, '..', '..', '.bin');
const environment = { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}` };
// npm asks for what it is run with: as a lifecycle script would, this is about the package alone.
delete environment.npm_config_ignore_scripts;

if (wheel === undefined) run(process.execPath, ['scripts/install.js']);
else {
  unpack(resolve(wheel), join(home, 'deps'));
  compile();
}
check();

function packageHome() {
  try {
    return dirname(
      createRequire(join(resolve(directory), 'package.json')).resolve('@tensorflow/tfjs-node/package.json'),
    );
  } catch {
    throw new Error(
      `@tensorflow/tfjs-node is not installed in ${resolve(directory)}: npm install @tensorflow/tfjs-node@4.22.0`,
    );
  }
}

/** Where the addon's own build looks for them: libraries in lib, by the names the linker asks for, and the headers. */
function unpack(file, deps) {
  if (!existsSync(file)) throw new Error(`there is no ${file}: pip download --no-deps tensorflow-cpu==2.15.1`);
  const parts = join(home, 'deps.parts');
  rmSync(parts, { recursive: true, force: true });
  const wanted = [
    'tensorflow/libtensorflow_',
    ...['tensorflow', 'tsl', 'xla'].map((name) => `tensorflow/include/${name}/`),
  ];
  const extract = `import sys, zipfile
wheel = zipfile.ZipFile(sys.argv[1])
wheel.extractall(sys.argv[2], [name for name in wheel.namelist() if name.startswith(tuple(sys.argv[3:]))])`;
  execFileSync('python3', ['-c', extract, file, parts, ...wanted], { stdio: 'inherit' });
  rmSync(deps, { recursive: true, force: true });
  mkdirSync(join(deps, 'lib'), { recursive: true });
  renameSync(join(parts, 'tensorflow/include'), join(deps, 'include'));
  for (const [name, linked] of [
    ['libtensorflow_cc.so.2', 'libtensorflow.so'],
    ['libtensorflow_framework.so.2', 'libtensorflow_framework.so'],
  ]) {
    const from = join(parts, 'tensorflow', name);
    if (!existsSync(from)) throw new Error(`${file} holds no ${name}: take tensorflow-cpu 2.12 or newer for Linux`);
    renameSync(from, join(deps, 'lib', name));
    symlinkSync(name, join(deps, 'lib', linked));
  }
  rmSync(parts, { recursive: true });
}

function compile() {
  const prefix = dirname(dirname(process.execPath));
  const headers = existsSync(join(prefix, 'include/node/node_api.h')) ? [`--nodedir=${prefix}`] : [];
  run(process.platform === 'win32' ? 'node-pre-gyp.cmd' : 'node-pre-gyp', [
    'install',
    '--build-from-source',
    ...headers,
  ]);
}

function check() {
  const program = `const tf = require(${JSON.stringify(home)});
tf.setBackend('tensorflow');
const data = tf.matMul(tf.ones([2, 3]), tf.ones([3, 2])).dataSync();
if (data.join() !== '3,3,3,3') throw new Error('libtensorflow computes wrongly');
console.log('tfjs-node ' + tf.version_core + ' computes, with libtensorflow ' + tf.backend().binding.TF_Version + '.');`;
  // Node ≥ 23 lacks what the package calls; a client brings it back in its thread, and so does this.
  const shim = "const util = require('util'); util.isNullOrUndefined = (x) => x == null; util.isArray = Array.isArray;";
  execFileSync(process.execPath, ['-e', shim + program], {
    env: { ...process.env, TF_NUM_INTRAOP_THREADS: '1', TF_NUM_INTEROP_THREADS: '1', TF_CPP_MIN_LOG_LEVEL: '2' },
    stdio: 'inherit',
  });
}

function run(command, args) {
  execFileSync(command, args, { cwd: home, env: environment, stdio: 'inherit' });
}
