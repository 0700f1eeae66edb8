"""PyTorch's side of the comparison: the same Llama, AdamW and clipping, eager or compiled.

Runs one round of training steps for each line read; prints "round" and its figures after each.
Usage: train_bench.py CONFIG_JSON fp32|bf16 ROWS STEPS sdpa|written|compiled [cpu|cuda]
  sdpa      scaled_dot_product_attention
  written   attention as two matrix products and a softmax: faster in bf16 on a CPU
  compiled  the faster of both on the device, under torch.compile
"""

import json
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn

config = json.load(open(sys.argv[1]))
precision, rows, steps, mode = sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5]
device = sys.argv[6] if len(sys.argv) > 6 else "cpu"
V, D, T = config["vocab_size"], config["hidden_size"], config["max_position_embeddings"]
H, C, M = config["num_attention_heads"], config["head_dim"], config["intermediate_size"]
torch.set_num_threads(2)
torch.manual_seed(1)


def linear(n_in, n_out):
    layer = nn.Linear(n_in, n_out, bias=False)
    nn.init.normal_(layer.weight, std=0.02)
    return layer


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm1, self.norm2 = nn.RMSNorm(D, eps=1e-5), nn.RMSNorm(D, eps=1e-5)
        self.qkv, self.out = linear(D, 3 * H * C), linear(H * C, D)
        self.gate_up, self.down = linear(D, 2 * M), linear(M, D)

    def forward(self, x, cos, sin, mask):
        B = x.shape[0]
        q, k, v = self.qkv(self.norm1(x)).view(B, T, 3, H, C).permute(2, 0, 3, 1, 4).unbind(0)
        q, k = rotate(q, cos, sin), rotate(k, cos, sin)
        if mode == "sdpa" or (mode == "compiled" and device == "cuda"):
            y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        else:
            y = torch.softmax(q @ k.transpose(-1, -2) * C**-0.5 + mask, -1) @ v
        x = x + self.out(y.transpose(1, 2).reshape(B, T, H * C))
        gate, up = self.gate_up(self.norm2(x)).chunk(2, -1)
        return x + self.down(F.silu(gate) * up)


def rotate(x, cos, sin):
    a, b = x.chunk(2, -1)
    return torch.cat((a * cos - b * sin, b * cos + a * sin), -1)


class Llama(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(V, D)
        nn.init.normal_(self.embed.weight, std=0.02)
        self.blocks = nn.ModuleList(Block() for _ in range(config["num_hidden_layers"]))
        self.norm = nn.RMSNorm(D, eps=1e-5)
        angles = torch.outer(torch.arange(T), config["rope_theta"] ** (-torch.arange(0, C, 2) / C))
        dtype = torch.bfloat16 if precision == "bf16" else torch.float32
        self.register_buffer("cos", angles.cos().to(dtype))
        self.register_buffer("sin", angles.sin().to(dtype))
        self.register_buffer("mask", torch.full((T, T), float("-inf")).triu(1).to(dtype))

    def forward(self, tokens, targets):
        x = self.embed(tokens)
        for block in self.blocks:
            x = block(x, self.cos, self.sin, self.mask)
        logits = F.linear(self.norm(x), self.embed.weight)
        return F.cross_entropy(logits.view(-1, V).float(), targets.reshape(-1))


model = Llama().to(device)
forward = torch.compile(model) if mode == "compiled" else model
optimizer = torch.optim.AdamW(
    model.parameters(), lr=1e-3, betas=(0.9, 0.95), weight_decay=0.1, fused=True
)
data = torch.randint(6, V, (rows, T + 1)).to(device)


def step():
    with torch.autocast(device, torch.bfloat16, enabled=precision == "bf16"):
        loss = forward(data[:, :-1], data[:, 1:])
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    return loss.item()


for _ in sys.stdin:
    cpu, rates = time.process_time(), []
    for _ in range(steps):
        start = time.perf_counter()
        loss = step()
        rates.append(rows * T / (time.perf_counter() - start))
    cpu = time.process_time() - cpu
    median = sorted(rates)[steps // 2]
    print(f"round {median:.1f} {rows * T * steps / cpu:.1f} 0 0 {loss:.6f}", flush=True)
