// The side of llama.cpp in a comparison: reads one JSON request a line, answers with one line of JSON.
//
// {"case": "about"}                                  what answers
// {"case": "prefill", "tokens": 512}  seconds for a prompt of so many tokens
// {"case": "decode", "context": 65536, "read": 2048, "tokens": 16}
//     seconds of each token after a context of that length, of which so many tokens are read and their keys and values repeated for the others:
//     a token attends to as many as if all had been read, which takes llama.cpp an hour
//
// Arguments: the folder whose node_modules has node-llama-cpp, a GGUF file, the number of threads.
import {createInterface} from "node:readline";
import {pathToFileURL} from "node:url";
import {closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";

const [folder, modelPath, threadCount] = process.argv.slice(2);
const threads = Number(threadCount);
const root = `${folder}/node_modules/node-llama-cpp`;
const {getLlama} = await import(pathToFileURL(`${root}/dist/index.js`));
const llama = await getLlama({gpu: false, build: "never", logLevel: "error", maxThreads: threads});
const model = await llama.loadModel({modelPath});
let context, sequence, held = "";

const tokens = count => Array.from({length: count}, (_, i) => 300 + (i * 7919) % 30000);

async function open(length) {
    await context?.dispose();
    context = await model.createContext({contextSize: length, threads: {ideal: threads, min: threads}, batchSize: 512});
    sequence = context.getSequence();
    held = "";
}

async function prefill(count) {
    await open(count + 16);
    const start = performance.now();
    await sequence.evaluateWithoutGeneratingNewTokens(tokens(count));
    return [(performance.now() - start) / 1000];
}

// The saved state of a sequence: magic, version, tokens; streams, cells with their positions and sequences; keys, then values, by block.
function repeat(from, to, length) {
    const bytes = readFileSync(from);
    const out = openSync(to, "w");
    const count = bytes.readUInt32LE(8);
    let at = 12;

    const copy = size => {
        writeSync(out, bytes, at, size);
        at += size;
    };
    const number = value => writeSync(out, Uint32Array.of(value));
    const rows = (size, changed = row => row) => {
        for (let done = 0; done < length; done += count) {
            const some = Math.min(count, length - done);
            for (let part = changed(bytes.subarray(at, at + some * size), done); part.length > 0;)
                part = part.subarray(writeSync(out, part));
        }
        at += count * size;
    };
    const expect = (value, what) => {
        if (bytes.readUInt32LE(at) !== value)
            throw new Error(`the state of a sequence has ${bytes.readUInt32LE(at)} for ${what} instead of ${value}`);
        copy(4);
    };

    writeSync(out, bytes, 0, 8);
    number(length);
    rows(4);
    expect(1, "streams");
    number(length);
    at += 4;
    rows(12, (cells, first) => {
        const moved = Buffer.from(cells);
        for (let i = 0; i < moved.length; i += 12)
            moved.writeInt32LE(first + i / 12, i);
        return moved;
    });
    expect(0, "values by column");
    const blocks = bytes.readUInt32LE(at);
    copy(4);
    for (let i = 0; i < 2 * blocks; i++) {
        const size = Number(bytes.readBigUInt64LE(at + 4));
        copy(12);
        rows(size);
    }
    if (at !== bytes.length)
        throw new Error(`the state of a sequence has ${bytes.length} bytes instead of ${at}`);
    closeSync(out);
}

async function decode(length, read, count) {
    const wanted = `${read} of ${length}`;
    if (held !== wanted) {
        await open(length + 4096);
        await sequence.evaluateWithoutGeneratingNewTokens(tokens(read - 1));
        if (read < length) {
            const folder = mkdtempSync(join(tmpdir(), "xlstm-llama-"));
            try {
                await sequence.saveStateToFile(join(folder, "read"));
                repeat(join(folder, "read"), join(folder, "whole"), length - 1);
                await sequence.loadStateFromFile(join(folder, "whole"), {acceptRisk: true});
            } finally {
                rmSync(folder, {recursive: true});
            }
        }
        held = wanted;
    }
    const seconds = [];
    let last = performance.now();
    for await (const _ of sequence.evaluate([300], {temperature: 0, yieldEogToken: true})) {
        const now = performance.now();
        seconds.push((now - last) / 1000);
        last = now;
        if (seconds.length === count)
            break;
    }
    return seconds;
}

for await (const line of createInterface({input: process.stdin})) {
    const request = JSON.parse(line);
    let answer;
    try {
        answer = request.case === "about" ? {llama: JSON.parse(readFileSync(`${root}/package.json`)).version}
            : {seconds: request.case === "prefill" ? await prefill(request.tokens) : await decode(request.context, request.read ?? request.context, request.tokens)};
    } catch (error) {
        answer = {error: String(error)};
    }
    console.log(JSON.stringify(answer));
}
process.exit(0);
