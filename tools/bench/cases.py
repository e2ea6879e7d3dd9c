"""The cases and their targets."""
import report
from gpu_cases import gpu_cases
from program_cases import Grid, Import, Memory, ShortTrials, Start
from training_cases import Convolutions, Precision, Recurrent, Training, Transformer

WIDE = [300, 300, 300, 1]


def all_cases():
    return [
        Training("baseline", "higgs", [100, 1], 128, 20, {"PyTorch": 10, "scikit-learn": 8}),
        Training("baseline-1400", "higgs", [100, 1], 1400, 30, {"PyTorch": 3}),
        Training("wide-1", "higgs", WIDE, 1400, 4, {"PyTorch": 1.1}, sgemm_target=85),
        Training("wide-2", "higgs", WIDE, 1400, 6, {"PyTorch": 1.1}, threads=2, sgemm_target=85),
        Training("fashion-mnist", "fashion-mnist", [256, 128, 10], 128, 3, {"PyTorch": 1.5}),
        Precision("bf16-wide-1", "higgs", WIDE, 1400, 8),
        Precision("bf16-wide-2", "higgs", WIDE, 1400, 8, threads=2),
        Precision("bf16-fashion-mnist", "fashion-mnist", [256, 128, 10], 128, 5),
        Convolutions("convolutions-1", 1, 2), Convolutions("convolutions-2", 2, 1),
        Recurrent("lstm-1", "LSTM", 1, 2.5), Recurrent("lstm-2", "LSTM", 2, 1),
        Recurrent("gru-1", "GRU", 1, 2.5), Recurrent("gru-2", "GRU", 2, 1),
        Transformer("transformer-1", 1, 1.2), Transformer("transformer-2", 2, 1),
        Grid(), ShortTrials(), Import(), Memory(), Start(),
    ] + gpu_cases()


def needs_gpu(case):
    return getattr(case, "needs_gpu", False)


def run(case, shop, rounds):
    """The values of each side, round by round; and why other sides were left out."""
    try:
        sides, skipped = case.sides(shop)
        for side, why in skipped.items():
            print(f"  {side}: left out, {why}", flush=True)
        values = {side: [] for side in sides}
        for number in range(rounds):
            if number > 0 and shop.is_late():
                break
            for side, measure in sides.items():
                values[side].append(measure())
                print(f"  round {number + 1} {side}: {report.short(values[side][-1])}", flush=True)
        return values, skipped
    finally:
        shop.close_peers()
