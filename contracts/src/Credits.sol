// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Administered} from "./Administered.sol";
import {IAgreementBook} from "./interfaces/IAgreementBook.sol";
import {ISettlementBook} from "./interfaces/ISettlementBook.sol";
import {CreditMath} from "./libraries/CreditMath.sol";
import {BalanceWord} from "./types/BalanceWord.sol";
import {MAX_SLOS} from "./libraries/TermsCheck.sol";
import {RedemptionWord, toRedemptionWord} from "./types/RedemptionWord.sol";
import {SettlementWord} from "./types/SettlementWord.sol";
import {ClockWord, MoneyWord} from "./types/TermsWords.sol";

/// @dev How much further a period's words hold what waits beside what stands.
uint256 constant PENDING = MAX_SLOS;

/**
 * @title The credit of each agreement
 * @dev A period's credit is a function of its final words, so what a finality changes is the difference before and after: no order of
 * settlements, restatements or rulings leads to another sum, and no running total can disagree with the words.
 */
abstract contract Credits is Administered {
    using CreditMath for MoneyWord;

    IAgreementBook internal immutable _book;

    /// @dev A period's words: what stands of each SLO, then what waits beside it, {PENDING} places further: restatements of what is
    /// Final or Voided. One that was rejected stays there, so that its revision is used up.
    mapping(bytes32 agreementId => mapping(uint32 period => SettlementWord[2 * MAX_SLOS])) internal _words;
    mapping(bytes32 agreementId => BalanceWord) private _balances;
    mapping(bytes32 agreementId => mapping(uint256 year => uint256)) private _yearMinor; // before the year's cap
    mapping(bytes32 agreementId => mapping(bytes32 invoiceRefHash => RedemptionWord)) private _redemptions;

    constructor(IAgreementBook book) {
        _book = book;
    }

    // ------------------------------------------------------------------------------------------------------ finality

    /**
     * @dev Puts `word`, which stood at `place` of its period's words, in force as Final and books the difference. Answers the selector of
     * what refuses it: a counter that is full, which no real currency comes near.
     */
    function _makeFinal(
        SettlementWord[2 * MAX_SLOS] storage words,
        Key memory key,
        uint256 place,
        SettlementWord word,
        bool byDefault
    ) internal returns (bytes4) {
        (bool fits, uint256 periodMinor, int256 deltaMinor) = _bookFinality(words, key, word);
        if (!fits) return SLAAmountsExhausted.selector;

        words[key.slo] = word.withState(State.Final);
        if (place != key.slo) words[place] = SettlementWord.wrap(0);
        emit SettlementFinalized(
            key.agreementId,
            key.period,
            key.slo,
            word.revision(),
            uint80(periodMinor),
            int96(deltaMinor),
            byDefault
        );
        return 0;
    }

    /// @dev Books what the agreement's credit changes by when `word` becomes final; changes nothing where that does not fit.
    function _bookFinality(
        SettlementWord[2 * MAX_SLOS] storage words,
        Key memory key,
        SettlementWord word
    ) private returns (bool fits, uint256 periodMinor, int256 deltaMinor) {
        // slither-disable-next-line calls-loop a STATICCALL to the book of the constructor, for each of at most MAX_BATCH rows
        (uint256 moneyWord, uint256 year) = _book.creditWords(key.agreementId, key.period);
        MoneyWord money = MoneyWord.wrap(moneyWord);
        uint256 before;
        (before, periodMinor) = _periodMinor(money, words, key.slo, word.creditPpm());
        uint256 uncut = 0;
        uint256 cap = money.yearCapMinor();
        if (cap == 0) {
            deltaMinor = int256(periodMinor) - int256(before);
        } else {
            uncut = _yearMinor[key.agreementId][year];
            deltaMinor = int256(CreditMath.yearMinor(uncut + periodMinor - before, cap))
                - int256(CreditMath.yearMinor(uncut, cap));
        }
        BalanceWord balance = _balances[key.agreementId];
        if (!balance.fits(deltaMinor)) return (false, periodMinor, deltaMinor);

        if (deltaMinor != 0) _balances[key.agreementId] = balance.plus(deltaMinor);
        if (cap != 0 && periodMinor != before) _yearMinor[key.agreementId][year] = uncut + periodMinor - before;
        return (true, periodMinor, deltaMinor);
    }

    /// @dev What the period comes to with its final words, and what it comes to when one of them credits `creditPpm`.
    function _periodMinor(
        MoneyWord money,
        SettlementWord[2 * MAX_SLOS] storage words,
        uint256 slo,
        uint256 creditPpm
    ) private view returns (uint256 before, uint256 afterwards) {
        uint256 others = 0;
        uint256 count = money.sloCount();
        for (uint256 i = 0; i < count; ++i) {
            if (i != slo) others = money.stacked(others, _finalPpm(words[i]));
        }
        before = money.periodMinor(money.stacked(others, _finalPpm(words[slo])));
        afterwards = money.periodMinor(money.stacked(others, creditPpm));
    }

    function _finalPpm(SettlementWord word) private pure returns (uint256) {
        return word.state() == State.Final ? word.creditPpm() : 0;
    }

    // --------------------------------------------------------------------------------------------------- redemption

    /// @inheritdoc ISettlementBook
    function redeemCredit(bytes32 agreementId, bytes32 invoiceRefHash, uint80 amountMinor) external whenNotPaused {
        _checkTenant(agreementId);
        RedemptionState current = _redemptions[agreementId][invoiceRefHash].state();
        if (current == RedemptionState.Announced || current == RedemptionState.Redeemed) {
            revert SLARedemptionUnexpectedState(current);
        }
        _redeem(agreementId, invoiceRefHash, toRedemptionWord(current, amountMinor, 0, 0));
    }

    /// @inheritdoc ISettlementBook
    function announceRedemption(
        bytes32 agreementId,
        bytes32 invoiceRefHash,
        uint80 amountMinor
    ) external whenNotPaused {
        // slither-disable-next-line unused-return the tenant is not asked for
        (address provider,) = _book.partiesOf(agreementId);
        // slither-disable-next-line timestamp an account is compared, no time
        if (msg.sender != provider && msg.sender != holderOf(Role.Billing)) {
            revert SLAUnauthorizedParty(agreementId, msg.sender);
        }
        RedemptionState current = _redemptions[agreementId][invoiceRefHash].state();
        if (current != RedemptionState.None) revert SLARedemptionUnexpectedState(current);
        _checkRedemption(agreementId, invoiceRefHash, amountMinor);

        ClockWord clock = ClockWord.wrap(_book.latestClockWord(agreementId));
        uint48 deadline = unpausedTime() + clock.windowSeconds();
        uint32 deadlineBlock = uint32(block.number) + clock.windowBlocks();
        _redemptions[agreementId][invoiceRefHash] =
            toRedemptionWord(RedemptionState.Announced, amountMinor, deadline, deadlineBlock);
        emit RedemptionAnnounced(agreementId, invoiceRefHash, msg.sender, amountMinor, deadline, deadlineBlock);
    }

    /// @inheritdoc ISettlementBook
    function objectRedemption(bytes32 agreementId, bytes32 invoiceRefHash) external {
        _checkTenant(agreementId);
        RedemptionWord redemption = _announcedRedemption(agreementId, invoiceRefHash);
        if (_hasPassed(redemption)) {
            revert SLAObjectionWindowClosed(redemption.deadline(), redemption.deadlineBlock());
        }

        _redemptions[agreementId][invoiceRefHash] = redemption.withState(RedemptionState.Objected);
        emit RedemptionObjected(agreementId, invoiceRefHash);
    }

    /// @inheritdoc ISettlementBook
    function completeRedemption(bytes32 agreementId, bytes32 invoiceRefHash) external whenNotPaused {
        RedemptionWord redemption = _announcedRedemption(agreementId, invoiceRefHash);
        if (!_hasPassed(redemption)) _checkTenant(agreementId);
        _redeem(agreementId, invoiceRefHash, redemption);
    }

    function _redeem(bytes32 agreementId, bytes32 invoiceRefHash, RedemptionWord redemption) private {
        uint80 amountMinor = redemption.amountMinor();
        _checkRedemption(agreementId, invoiceRefHash, amountMinor);

        _redemptions[agreementId][invoiceRefHash] = redemption.withState(RedemptionState.Redeemed);
        _balances[agreementId] = _balances[agreementId].withRedeemed(amountMinor);
        emit CreditRedeemed(agreementId, invoiceRefHash, amountMinor);
    }

    // -------------------------------------------------------------------------------------------------------- views

    /// @inheritdoc ISettlementBook
    function agreementBook() external view returns (address) {
        return address(_book);
    }

    /// @inheritdoc ISettlementBook
    function periodCreditOf(bytes32 agreementId, uint32 period) external view returns (uint80) {
        // slither-disable-next-line unused-return the year is not asked for
        (uint256 moneyWord,) = _book.creditWords(agreementId, period);
        MoneyWord money = MoneyWord.wrap(moneyWord);
        SettlementWord[2 * MAX_SLOS] storage words = _words[agreementId][period];
        (uint256 before,) = _periodMinor(money, words, 0, 0);
        return uint80(before);
    }

    /// @inheritdoc ISettlementBook
    function yearCreditOf(bytes32 agreementId, uint256 year) external view returns (uint256 uncutMinor) {
        return _yearMinor[agreementId][year];
    }

    /// @inheritdoc ISettlementBook
    function balanceOf(bytes32 agreementId) external view returns (Balance memory) {
        return _balances[agreementId].unpacked();
    }

    /// @inheritdoc ISettlementBook
    function redemptionOf(bytes32 agreementId, bytes32 invoiceRefHash) external view returns (Redemption memory) {
        return _redemptions[agreementId][invoiceRefHash].unpacked();
    }

    // ------------------------------------------------------------------------------------------------------- checks

    function _checkTenant(bytes32 agreementId) private view {
        // slither-disable-next-line unused-return the provider is not asked for
        (, address tenant) = _book.partiesOf(agreementId);
        if (msg.sender != tenant) revert SLAUnauthorizedParty(agreementId, msg.sender);
    }

    function _checkRedemption(bytes32 agreementId, bytes32 invoiceRefHash, uint80 amountMinor) private view {
        if (invoiceRefHash == 0 || amountMinor == 0) revert SLAInvalidRedemption(invoiceRefHash, amountMinor);
        int96 outstanding = _balances[agreementId].outstanding();
        if (outstanding < int96(uint96(amountMinor))) revert SLAInsufficientCredit(amountMinor, outstanding);
    }

    function _announcedRedemption(
        bytes32 agreementId,
        bytes32 invoiceRefHash
    ) private view returns (RedemptionWord redemption) {
        redemption = _redemptions[agreementId][invoiceRefHash];
        RedemptionState current = redemption.state();
        if (current != RedemptionState.Announced) revert SLARedemptionUnexpectedState(current);
    }

    function _hasPassed(RedemptionWord redemption) private view returns (bool) {
        // slither-disable-next-line timestamp a window is hours at least, and blocks beside
        return unpausedTime() >= redemption.deadline() && block.number >= redemption.deadlineBlock();
    }
}
