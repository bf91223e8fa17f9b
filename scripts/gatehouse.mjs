#!/usr/bin/env node
// The command line: installs and builds what is missing or stale, then runs the compiled program.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build, install, root } from './start.mjs';

install();
build();
await import(pathToFileURL(join(root, 'dist', 'scripts', 'gatehouse', 'main.js')).href);
