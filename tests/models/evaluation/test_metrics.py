import pytest

from models.evaluation.metrics import accuracy, expected_calibration_error, f1, macro_f1, weighted_f1


def test_macro_f1_counts_each_class_alike_and_weighted_f1_each_label():
    labels, predicted = [0, 0, 0, 2], [0, 0, 2, 2]
    # class 0: precision 1, recall 2/3, F1 0.8; class 2: precision 1/2, recall 1, F1 2/3
    assert macro_f1(labels, predicted) == pytest.approx((0.8 + 2 / 3) / 2)
    assert weighted_f1(labels, predicted) == pytest.approx((3 * 0.8 + 2 / 3) / 4)


def test_a_class_that_is_only_predicted_lowers_macro_f1():
    assert macro_f1([0, 0], [0, 1]) == pytest.approx((2 / 3 + 0) / 2)


def test_calibration_error_is_zero_where_confidence_is_the_share_that_is_right():
    assert expected_calibration_error([[0.75, 0.25]] * 4, [0, 0, 0, 1]) == pytest.approx(0.0)
    assert expected_calibration_error([[1.0, 0.0]] * 4, [0, 0, 0, 1]) == pytest.approx(0.25)


def test_nothing_there_and_nothing_found_is_perfect():
    assert f1(0, 0, 0) == 1.0
    assert f1(0, 3, 0) == 0.0


def test_labels_of_another_number_are_refused():
    with pytest.raises(ValueError, match="equally long and not empty, got 2, 1"):
        accuracy([0, 1], [0])
    with pytest.raises(ValueError, match=r"probabilities must be \(N, A\) with N = 0 labels"):
        expected_calibration_error([], [])
