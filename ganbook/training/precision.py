"""Which number format to compute in."""

import torch

PRECISIONS = ("auto", "bf16", "fp32")


def choose_dtype(precision: str, device: torch.device) -> torch.dtype:
    """Return the type that matrix products are computed in.

    ``"auto"`` takes bfloat16 where the hardware multiplies in it and float32
    elsewhere: bfloat16 has float32's range, so that no loss scaling is needed.

    Raises:
        ValueError: If ``precision`` is not one of ``PRECISIONS``.
    """
    if precision not in PRECISIONS:
        raise ValueError(
            f"precision is {precision!r}; expected one of {', '.join(PRECISIONS)}"
        )
    if precision == "fp32" or (precision == "auto" and not _multiplies_bf16(device)):
        return torch.float32
    return torch.bfloat16


def _multiplies_bf16(device: torch.device) -> bool:
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    if device.type == "cpu" and hasattr(torch.cpu, "get_capabilities"):
        has = torch.cpu.get_capabilities()
        return bool(has.get("avx512_bf16") or has.get("amx_bf16"))
    return False
