import torch
from hypothesis import given
from hypothesis import strategies as st

from models.packing import pack, unpack


@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=20))
def test_a_row_is_off_by_half_a_step_of_its_own_scale_at_most(row: list[float]) -> None:
    matrix = torch.tensor([row, [1.0] * len(row)])
    steps = matrix.abs().amax(dim=1, keepdim=True) / 127
    assert ((unpack(pack({"m": matrix}))["m"] - matrix).abs() <= 0.5001 * steps + 1e-9).all()


def test_a_matrix_takes_a_byte_a_weight_and_a_scale_a_row() -> None:
    packed = pack({"m": torch.ones(4, 100)})
    assert sum(value.numel() * value.element_size() for value in packed.values()) == 4 * 100 + 4 * 4


def test_packing_what_was_unpacked_changes_nothing() -> None:
    once = unpack(pack({"m": torch.linspace(-1, 1, 30).reshape(3, 10), "b": torch.linspace(0, 1, 7)}))
    again = unpack(pack(once))
    assert all(torch.allclose(once[name], again[name], atol=1e-7) for name in once)
