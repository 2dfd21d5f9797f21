import pytest
import torch

from models.device import device_of, serving_dtype


def test_without_a_name_there_is_always_a_device():
    assert device_of().type in ("cpu", "cuda")


@pytest.mark.parametrize("name", ["abacus", "cuda:99", ""])
def test_a_device_that_is_not_there_is_refused_in_one_line(name):
    with pytest.raises(ValueError, match="device must be one this machine has, such as cpu, got") as error:
        device_of(name)
    assert "\n" not in str(error.value)


def test_a_device_without_native_bfloat16_serves_in_float32():
    assert serving_dtype(torch.device("meta")) == torch.float32
    assert serving_dtype(torch.device("cpu")) in (torch.float32, torch.bfloat16)
