// The side of llama.cpp in a comparison: reads one JSON request a line, answers with one line of JSON.
//
// {"case": "about"}                                  what answers
// {"case": "prefill", "tokens": 512}                 seconds for a prompt of so many tokens
// {"case": "decode", "context": 2048, "tokens": 16}  seconds of each token after a context of that length
//
// Arguments: the folder whose node_modules has node-llama-cpp, a GGUF file, the number of threads.
import {createInterface} from "node:readline";
import {pathToFileURL} from "node:url";
import {readFileSync} from "node:fs";

const [folder, modelPath, threadCount] = process.argv.slice(2);
const threads = Number(threadCount);
const root = `${folder}/node_modules/node-llama-cpp`;
const {getLlama} = await import(pathToFileURL(`${root}/dist/index.js`));
const llama = await getLlama({gpu: false, build: "never", logLevel: "error", maxThreads: threads});
const model = await llama.loadModel({modelPath});
let context, sequence, held = 0;

const tokens = count => Array.from({length: count}, (_, i) => 300 + (i * 7919) % 30000);

async function open(length) {
    await context?.dispose();
    context = await model.createContext({contextSize: length, threads: {ideal: threads, min: threads}, batchSize: 512});
    sequence = context.getSequence();
    held = 0;
}

async function prefill(count) {
    await open(count + 16);
    const start = performance.now();
    await sequence.evaluateWithoutGeneratingNewTokens(tokens(count));
    return [(performance.now() - start) / 1000];
}

async function decode(length, count) {
    if (held !== length) {
        await open(length + 4096);
        await sequence.evaluateWithoutGeneratingNewTokens(tokens(length - 1));
        held = length;
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
            : {seconds: request.case === "prefill" ? await prefill(request.tokens) : await decode(request.context, request.tokens)};
    } catch (error) {
        answer = {error: String(error)};
    }
    console.log(JSON.stringify(answer));
}
process.exit(0);
