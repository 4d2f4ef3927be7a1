"""The side of PyTorch in a comparison: reads one JSON request a line, answers with one line of JSON.

{"case": "about"}                          what this interpreter has
{"case": "lstm", ..., "seconds": 0.3}      seconds of each call, called again and again for that long

Needs torch; "package_step" also the package xlstm on PYTHONPATH, "tirex_forecast" the package tirex. The number of threads comes from OMP_NUM_THREADS.
"""
import contextlib
import importlib.metadata
import importlib.util
import json
import os
import sys
import time

answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # what libraries print is no answer

import torch

torch.manual_seed(0)
if "OMP_NUM_THREADS" in os.environ:
    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))


def about():
    try:
        with contextlib.redirect_stdout(sys.stderr):
            import xlstm
        package = getattr(xlstm, "__version__", "") or version_of("xlstm")
    except Exception as e:
        package, reason = None, f"{type(e).__name__}: {e}"
    else:
        reason = None
    capability = [l.split(":")[1].strip() for l in torch.__config__.show().splitlines() if "CPU capability" in l]
    return {
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "capability": capability[0] if capability else "",
        "attention": hasattr(torch.nn.functional, "scaled_dot_product_attention"),
        "package": package,
        "why_no_package": reason,
        "tirex": version_of("tirex-ts") if importlib.util.find_spec("tirex") else None,
    }


def version_of(name):
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "from source"


def lstm(batch, time, inputs, hidden, backward):
    layer = torch.nn.LSTM(inputs, hidden, 1, batch_first=True)
    x = torch.randn(batch, time, inputs, requires_grad=backward)
    return lambda: run(backward, lambda: layer(x)[0])


def attention(heads, time, width, backward):
    q, k, v = (torch.randn(1, heads, time, width, requires_grad=backward) for _ in range(3))
    return lambda: run(backward, lambda: torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True))


def run(backward, forward):
    with contextlib.nullcontext() if backward else torch.no_grad():
        y = forward()
        if backward:
            y.sum().backward()


def package_step(vocabulary, width, blocks, slstm_at, batch, time):
    from xlstm import FeedForwardConfig, mLSTMBlockConfig, mLSTMLayerConfig, sLSTMBlockConfig, sLSTMLayerConfig
    from xlstm.xlstm_lm_model import xLSTMLMModel, xLSTMLMModelConfig

    model = xLSTMLMModel(xLSTMLMModelConfig(
        mlstm_block=mLSTMBlockConfig(mlstm=mLSTMLayerConfig()),
        slstm_block=sLSTMBlockConfig(slstm=sLSTMLayerConfig(backend="vanilla"), feedforward=FeedForwardConfig()),
        context_length=time, num_blocks=blocks, embedding_dim=width, slstm_at=slstm_at, vocab_size=vocabulary))
    model.reset_parameters()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    tokens = torch.randint(0, vocabulary, (batch, time))

    def step():
        loss = torch.nn.functional.cross_entropy(model(tokens).view(-1, vocabulary), tokens.view(-1))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return step


def tirex_forecast(batch, time, steps):
    from tirex import TiRexZero

    model = TiRexZero(backend="torch", train_ctx_len=2048, model_config={
        "input_patch_size": 32, "output_patch_size": 32, "quantiles": [q / 10 for q in range(1, 10)], "input_ff_dim": 2048,
        "block_kwargs": {"embedding_dim": 512, "num_heads": 4, "num_blocks": 12, "ffn_proj_factor": 2.6667}})
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(std=0.02)
    series = torch.randn(batch, time).cumsum(1)
    return lambda: model.forecast(context=series, prediction_length=steps)


cases = {"lstm": lstm, "attention": attention, "package_step": package_step, "tirex_forecast": tirex_forecast}
prepared, slow = {}, []


def measure(case, seconds, **shape):
    key = json.dumps([case, shape], sort_keys=True)
    if key not in prepared:
        prepared.clear()  # one case's memory at a time
        prepared[key] = cases[case](**shape)
        prepared[key]()
        slow.clear()
    call = prepared[key]
    if not slow:
        call()  # the caches hold what the other side left there
    taken, end = [], time.perf_counter() + seconds
    while not taken or time.perf_counter() < end:
        start = time.perf_counter()
        call()
        taken.append(time.perf_counter() - start)
    if taken[-1] > 0.5:
        slow.append(case)
    return {"seconds": taken}


for line in sys.stdin:
    request = json.loads(line)
    try:
        answer = about() if request["case"] == "about" else measure(**request)
    except Exception as e:
        answer = {"error": f"{type(e).__name__}: {e}"}
    print(json.dumps(answer), file=answers, flush=True)
